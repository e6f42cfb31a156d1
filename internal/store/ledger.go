package store

// ledgers are the SQL texts of the two tables of mail, made once at opening.
type ledgers struct{}

func newLedgers(dialect) ledgers { return ledgers{} }
