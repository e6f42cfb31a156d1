package subscriber

// Search filters the list of subscribers in the console.
type Search struct {
	Text   string // a whole address, or the beginning of one; "" for all
	State  *State // nil for all
	Before int64  // page on: ids below this one; 0 for the newest
	Limit  int
}

// Imported counts what one batch of an import did.
type Imported struct {
	Added      int
	Updated    int // known, and now as the file says
	Unchanged  int // known: somebody who left or is suppressed stays as they are
	Suppressed int // not added, because the address must not be mailed
}

// Plus adds two counts up.
func (i Imported) Plus(o Imported) Imported {
	return Imported{i.Added + o.Added, i.Updated + o.Updated, i.Unchanged + o.Unchanged, i.Suppressed + o.Suppressed}
}
