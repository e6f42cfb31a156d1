package faults

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/collabpulse/weekly/internal/link"
)

// How many readers leave in a run, more than any group in hand, and how.
const (
	leavers    = 160
	byOperator = 4 // suppressed or erased on the command line
	atOnce     = 8
)

// leave has readers leave, most of them before their mail is sent: by the
// one-click link (RFC 8058), and a few through the operator.
func (r *run) leave(ctx context.Context) error {
	chosen := r.random.Perm(len(r.readers))[:min(leavers, len(r.readers)/4)]
	var mu sync.Mutex
	var wg sync.WaitGroup
	queue := make(chan int)
	for range atOnce {
		wg.Go(func() {
			for n := range queue {
				who := r.readers[chosen[n]]
				ok := r.leaveBy(ctx, who, n)
				a := Absence{Connections: r.relay.Connections()}
				if ok {
					a.Acknowledged = time.Now()
				}
				mu.Lock()
				r.left[who.address] = a
				mu.Unlock()
			}
		})
	}
	for n := range chosen {
		queue <- n
	}
	close(queue)
	wg.Wait()
	return nil
}

func (r *run) leaveBy(ctx context.Context, who reader, n int) bool {
	switch {
	case n < byOperator/2:
		_, err := r.pulse.once(ctx, "suppress", "add", who.address)
		return err == nil
	case n < byOperator:
		_, err := r.pulse.once(ctx, "subscriber", "erase", who.address)
		return err == nil
	}
	to, mailed := r.relay.Has(who.address)
	if !mailed || to == "" {
		to = r.base + "/leave/" + who.key.Token(link.Leave, who.id)
	}
	return click(ctx, to)
}

func click(ctx context.Context, to string) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	form := url.Values{"List-Unsubscribe": {"One-Click"}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
