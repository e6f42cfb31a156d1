package store

import (
	"strings"

	"github.com/collabpulse/weekly/internal/delivery"
)

// ledgers are the SQL texts of the two tables of mail, made once at opening. A
// digest's rows and the letters go through the same steps, so each step is one
// template, and what is true of one table only stands among that table's words.
type ledgers struct {
	deliveries, letters ledger
	prepared            *prepared
	outbox              *growth
}

// ledger is every step of one table.
type ledger struct {
	claim                         string
	intend, recipients, accepted  sized
	handing, settle               string
	handBack, abandoned, doubtful string
	waiting, next                 string
}

func newLedgers(d dialect) ledgers {
	return ledgers{deliveries: newLedger(d, deliveryWords()), letters: newLedger(d, letterWords()), prepared: new(prepared), outbox: new(growth)}
}

func newLedger(d dialect, w words) ledger {
	fill := w.filler()
	return ledger{
		claim:      fill(claimStep(d)),
		intend:     inSizes(func(rows int) string { return fill(asked(4, rows) + intendStep) }),
		recipients: inSizes(func(rows int) string { return fill("SELECT {reader} IN (" + places(1, rows) + ")") }),
		accepted:   inSizes(func(rows int) string { return fill(asked(6, rows) + acceptedStep) }),
		handing:    fill(asked(2, delivery.Group) + handingStep),
		settle:     fill(settleStep),
		handBack:   fill(asked(5, delivery.Group) + handBackStep),
		abandoned:  fill(abandonedStep),
		doubtful:   fill(doubtfulStep),
		waiting:    fill(waitingStep),
		next:       fill(nextStep),
	}
}

func (l ledgers) of(scope delivery.Scope) ledger {
	if scope == delivery.Outbox {
		return l.letters
	}
	return l.deliveries
}

// words are what a template's {words} stand for in one table:
//
//	table, id  where the rows are and which column an Item's ID is in
//	scope      the rows of scope $1
//	waits      which rows are queued, as the claim's index has it
//	above      which of them a claim looks at, from its floor on
//	held by $1 which rows a worker has in its hands
//	order      the claim's, which is that of the index it must use
//	open       whether the scope may be claimed from at all
//	take       what a claim makes of a row
//	causes     what an intent looks at besides the row, and
//	verdict    what it finds: 0 to go ahead, -1 to wait, else the reason to skip
//	reader     address, key and language of the rows
//	resent     whether a first doubt is resent
//	over       whether nothing may wait in the row's scope any more
//	wipe if …  what goes when a row is settled
//
// The states and reasons stand in the templates as words too: see vocabulary.
type words map[string]string

// deliveryWords: of a digest's rows none is claimed, handed over or left waiting
// unless the digest's state says so, asked anew each time.
func deliveryWords() words {
	return words{
		"table": "deliveries", "id": "subscriber_id", "scope": "digest_id = $1", "order": "due_at, subscriber_id",
		"waits": queuedRows, "above": "(due_at, subscriber_id) > ($5, $6)",
		"held by $1": `worker = $1 AND state IN ({claimed}, {handing}) AND digest_id IN
			(SELECT g.id FROM digests g WHERE g.launched_at > 0 AND g.state IN ({digest sending}, {digest paused}, {digest cancelled}))`,
		"open":   "EXISTS (SELECT 1 FROM digests g WHERE g.id = $1 AND g.state = {digest sending}) AND NOT " + braked,
		"take":   "state = {claimed}, worker = $2",
		"causes": "JOIN digests g ON g.id = $1 LEFT JOIN subscribers s ON s.id = item",
		"verdict": `CASE WHEN g.state = {digest cancelled} THEN {because cancelled} WHEN g.state <> {digest sending} OR ` + braked + ` THEN -1
			WHEN s.id IS NULL OR s.state = {reader erased} THEN {because erased}
			WHEN s.state = {reader suppressed} OR EXISTS (SELECT 1 FROM suppressions p WHERE p.address_hash = s.address_hash
				AND (p.until_at = 0 OR p.until_at > $3)) THEN {because suppressed}
			WHEN s.state <> {reader active} THEN {because inactive} ELSE 0 END`,
		"reader":          "id, address, link_key, moves, language FROM subscribers WHERE id",
		"resent":          "(SELECT g.doubts = {policy resend} AND g.state <> {digest cancelled} FROM digests g WHERE g.id = deliveries.digest_id)",
		"over":            "(SELECT g.state = {digest cancelled} FROM digests g WHERE g.id = deliveries.digest_id)",
		"wipe if sent":    "",
		"wipe if skipped": "",
		"wipe if settled": "",
	}
}

// queuedRows are the rows of deliveries that wait. A queued row has no worker, which
// is what the claim's index goes by: the state, which changes with every step, stands
// in no index, so that PostgreSQL can change a row without touching any.
const queuedRows = "worker = 0 AND state = {queued}"

// letterWords: letters expire, lose their address when they are settled, and
// answer somebody's own act. So what opting in anew would lift does not stop
// them, but the act must still be the reader's last word.
func letterWords() words {
	return words{
		"table": "outbox", "id": "id", "scope": "CAST($1 AS BIGINT) = 0", "order": "due_at", "open": "TRUE",
		"waits": "state = {queued}", "above": "TRUE", "held by $1": "worker = $1 AND state IN ({claimed}, {handing})",
		"take": `state = CASE WHEN expires_at > $3 THEN {claimed} ELSE {failed} END,
			reason = CASE WHEN expires_at > $3 THEN 0 ELSE {because expired} END,
			worker = CASE WHEN expires_at > $3 THEN CAST($2 AS BIGINT) ELSE 0 END,
			address = CASE WHEN expires_at > $3 THEN address ELSE '' END`,
		"causes": "JOIN outbox o ON o.id = item LEFT JOIN subscribers s ON s.id = o.subscriber_id",
		"verdict": `CASE WHEN o.kind NOT IN ({letters to readers}) THEN 0
			WHEN s.state = {reader erased} THEN {because erased}
			WHEN EXISTS (SELECT 1 FROM suppressions p WHERE p.address_hash = o.address_hash
				AND (p.until_at = 0 OR p.until_at > $3) AND p.reason NOT IN ({lifted by opt-in})) THEN {because suppressed}
			WHEN o.kind = {letter confirm} AND (s.state <> {reader pending} OR s.asked_at <> o.stamp) THEN {because obsolete}
			WHEN o.kind IN ({letter welcome}, {letter already}, {letter preferences-link}) AND s.state NOT IN ({reader active}, {reader paused})
				THEN {because obsolete}
			WHEN s.state NOT IN ({reader pending}, {reader active}, {reader paused}) THEN {because obsolete} ELSE 0 END`,
		"reader": `o.id, o.address, NULL, 0, COALESCE(s.language, '')
			FROM outbox o LEFT JOIN subscribers s ON s.id = o.subscriber_id WHERE o.id`,
		"resent":          "TRUE",
		"over":            "FALSE",
		"wipe if sent":    ", address = ''",
		"wipe if skipped": ", address = CASE WHEN verdict > 0 THEN '' ELSE address END",
		"wipe if settled": ", address = CASE WHEN CAST($4 AS SMALLINT) IN ({failed}, {skipped}) THEN '' ELSE address END",
	}
}

// filler puts a table's words in place, and then the numbers of the vocabulary.
// A row that goes back to waiting does so in words both tables share.
func (w words) filler() func(template string) string {
	w["back"] = `state = CASE WHEN {over} THEN {skipped} ELSE {queued} END,
		reason = CASE WHEN {over} THEN {because cancelled} ELSE 0 END, worker = 0`
	var pairs []string
	for word, text := range w {
		pairs = append(pairs, "{"+word+"}", text)
	}
	own := strings.NewReplacer(pairs...)
	return func(template string) string { return inNumbers(own.Replace(own.Replace(template))) }
}
