package app

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/collabpulse/weekly/internal/limit"
	"github.com/collabpulse/weekly/internal/send"
)

// shareBrakes has all workers on one Redis hold the same domain groups back. The
// embedded queue has one process, whose brakes are its own.
func (a *App) shareBrakes(ctx context.Context, sender *send.Sender) {
	if a.Settings.RedisURL == "" {
		return
	}
	client := a.conn.MakeRedisClient().(redis.UniversalClient) // what the queue requires as well
	sender.Share(ctx, notices{limit.NewBrakes(client, a.Settings.RedisSpace, workerName()+" "+rand.Text(), time.Now)})
	if err := client.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
		a.log.WarnContext(ctx, "shared brakes not closed", "error", err.Error())
	}
}

// gate keeps the limits of what strangers may ask for, together with the other
// processes on one Redis.
func (a *App) gate() *limit.Gate {
	var client redis.UniversalClient
	if a.Settings.RedisURL != "" {
		client = a.conn.MakeRedisClient().(redis.UniversalClient)
		a.onClose(client.Close)
	}
	return limit.NewGate(client, a.Settings.RedisSpace, a.Settings.AddressKey.Bytes(), a.log)
}

// notices are the shared brakes as the sender reads them.
type notices struct{ *limit.Brakes }

// Read lists the groups that anybody holds back.
func (n notices) Read(ctx context.Context) ([]send.Notice, error) {
	all, err := n.Brakes.Read(ctx)
	read := make([]send.Notice, len(all))
	for i, one := range all {
		read[i] = send.Notice(one)
	}
	return read, err
}
