package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

type subscriberCommand struct {
	Import subscriberImportCommand `cmd:"" help:"Bring subscribers along from a CSV file."`
	Export subscriberExportCommand `cmd:"" help:"Write all subscribers as CSV."`
	Erase  subscriberEraseCommand  `cmd:"" help:"Forget somebody, keeping only what proves that they asked for it."`
}

type subscriberImportCommand struct {
	File    string `arg:"" help:"A CSV file with the columns email, topics, timezone, language, status; \"-\" is standard input."`
	Wording string `default:"Imported by the operator, who holds the consent." help:"What the people agreed to, kept as evidence."`
	JSON    bool   `help:"Print the counts as JSON."`
}

// maxShown is how many bad lines are explained one by one.
const maxShown = 20

// Run imports a file: lines that cannot be read are reported and the rest kept.
func (c subscriberImportCommand) Run(sh *shell) error {
	file, size, err := c.open(sh)
	if err != nil {
		return err
	}
	defer file.Close()
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		topics, err := db.Topics(sh)
		if err != nil {
			return err
		}
		i := &importing{shell: sh, store: db, evidence: subscriber.Evidence{Page: "import", Wording: c.Wording}, bar: importBar(sh, size)}
		err = subscriber.ReadCSV(io.TeeReader(file, i.bar), topics, i.add, i.refuse)
		if err == nil {
			err = i.flush()
		}
		i.bar.Finish()
		c.report(sh, i)
		if err == nil && i.refused > 0 && i.counts == (subscriber.Imported{}) {
			err = fault.New(fault.Invalid, "Not one line could be read; the first line may name the columns email, topics, timezone, language and status.")
		}
		return err
	})
}

func (c subscriberImportCommand) open(sh *shell) (io.ReadCloser, int64, error) {
	if c.File == "-" {
		return io.NopCloser(sh.in), -1, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, 0, fault.Wrap(fault.Invalid, err, "The file %s cannot be read.", c.File)
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		f.Close()
		return nil, 0, fault.New(fault.Invalid, "%s is not a file.", c.File)
	}
	return f, info.Size(), nil
}

// importBar draws a bar for a person; into a file or pipe it draws nothing.
func importBar(sh *shell, size int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(size, progressbar.OptionSetVisibility(sh.watched()), progressbar.OptionSetWriter(sh.err), progressbar.OptionSetDescription("Importing"),
		progressbar.OptionShowBytes(true), progressbar.OptionSetWidth(32), progressbar.OptionThrottle(100e6), progressbar.OptionClearOnFinish())
}

// importing is one run: what is gathered for the next batch, and what came of the others.
type importing struct {
	shell    *shell
	store    *store.Store
	evidence subscriber.Evidence
	bar      *progressbar.ProgressBar
	batch    []subscriber.Profile
	counts   subscriber.Imported
	bad      []subscriber.BadLine
	refused  int
}

func (i *importing) add(p subscriber.Profile) error {
	i.batch = append(i.batch, p)
	if len(i.batch) < store.ImportBatch {
		return nil
	}
	return i.flush()
}

func (i *importing) refuse(b subscriber.BadLine) {
	if i.refused++; len(i.bad) < maxShown {
		i.bad = append(i.bad, b)
	}
}

func (i *importing) flush() error {
	if len(i.batch) == 0 {
		return nil
	}
	done, err := i.store.ImportSubscribers(i.shell, i.batch, i.evidence)
	i.counts, i.batch = i.counts.Plus(done), i.batch[:0]
	return err
}

func (c subscriberImportCommand) report(sh *shell, i *importing) {
	for _, b := range i.bad {
		fmt.Fprintf(sh.err, "line %d: %s\n", b.Number, fault.Message(b.Err))
	}
	if more := i.refused - len(i.bad); more > 0 {
		fmt.Fprintf(sh.err, "… and %d more lines that could not be read.\n", more)
	}
	n := i.counts
	if c.JSON {
		sh.json(map[string]int{"added": n.Added, "updated": n.Updated, "unchanged": n.Unchanged, "suppressed": n.Suppressed, "bad_lines": i.refused})
		return
	}
	sh.printf("Added %d, updated %d, left %d as they were, kept %d suppressed, could not read %d.\n", n.Added, n.Updated, n.Unchanged, n.Suppressed, i.refused)
}

type subscriberExportCommand struct{}

// Run writes every subscriber who has not been erased.
func (c subscriberExportCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		topics, err := db.Topics(sh)
		if err != nil {
			return err
		}
		return writeCSV(sh, db, topics)
	})
}

func writeCSV(sh *shell, db *store.Store, topics []topic.Topic) error {
	w := csv.NewWriter(sh.out)
	if err := w.Write(subscriber.Columns); err != nil {
		return err
	}
	err := db.EachSubscriber(sh, func(s subscriber.Subscriber) error {
		return w.Write(s.Record(topics))
	})
	w.Flush()
	if err != nil {
		return err
	}
	return w.Error()
}

type subscriberEraseCommand struct {
	Address string `arg:"" help:"The address."`
}

// Run erases one subscriber.
func (c subscriberEraseCommand) Run(sh *shell) error {
	who, err := address.Parse(c.Address)
	if err != nil {
		return err
	}
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		if err := db.EraseSubscriber(sh, who); err != nil {
			return err
		}
		sh.printf("Erased. Links in old mails still answer, and nothing more is sent.\n")
		return nil
	})
}
