package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/collabpulse/weekly/internal/fault"
)

// ByURL reads PULSE_REDIS_URL:
//
//	redis://[user:password@]host[:6379][/db]
//	rediss://… the same over TLS
//	redis-socket://[:password@]/path[?db=0]
//	redis-sentinel://[:password of the sentinels@]host:port,host:port?master=name[&db=0][&user=…][&password=…]
//
// The error is a fault.Invalid on the setting, and does not repeat it, because it
// may hold a password.
func ByURL(raw string) (asynq.RedisConnOpt, error) {
	conn, err := asynq.ParseRedisURI(raw)
	if err != nil {
		return nil, badURL("PULSE_REDIS_URL must be redis://host:port/db, rediss://, redis-socket:// or redis-sentinel://.")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, badURL("PULSE_REDIS_URL is not a URL.")
	}
	switch o := conn.(type) {
	case asynq.RedisClientOpt:
		return direct(u, o)
	case asynq.RedisFailoverClientOpt:
		return failover(u, o)
	}
	return conn, nil
}

func badURL(message string) error { return fault.Field("PULSE_REDIS_URL", "%s", message) }

// direct adds what asynq leaves out: the user of an access list, and the port.
func direct(u *url.URL, o asynq.RedisClientOpt) (asynq.RedisConnOpt, error) {
	o.Username = u.User.Username()
	if o.Network == "unix" {
		return o, nil
	}
	if u.Hostname() == "" {
		return nil, badURL("PULSE_REDIS_URL names no host.")
	}
	if u.Port() == "" {
		o.Addr = net.JoinHostPort(u.Hostname(), "6379")
	}
	return o, nil
}

// failover adds what asynq leaves out: how to sign in to the master itself.
func failover(u *url.URL, o asynq.RedisFailoverClientOpt) (asynq.RedisConnOpt, error) {
	q := u.Query()
	if o.MasterName == "" || u.Host == "" {
		return nil, badURL("PULSE_REDIS_URL names sentinels but no master: add ?master=NAME.")
	}
	o.Username, o.Password = q.Get("user"), q.Get("password")
	if db := q.Get("db"); db != "" {
		n, err := strconv.Atoi(db)
		if err != nil {
			return nil, badURL("The db in PULSE_REDIS_URL must be a number.")
		}
		o.DB = n
	}
	return o, nil
}

// Embedded is a Redis inside the process, for one process on one machine. It
// opens no port: clients reach it through a pipe in memory. What it holds ends
// with the process, which loses nothing but wakes. Call the function to close it
// after everybody who uses it.
func Embedded() (conn asynq.RedisConnOpt, closing func()) {
	p := &pipe{redis: miniredis.NewMiniRedis()}
	stop := make(chan struct{})
	go p.age(stop)
	return p, func() {
		if p.closed.Swap(true) {
			return
		}
		close(stop)
		p.redis.Close()
	}
}

// pipe is the way to the embedded Redis.
type pipe struct {
	redis  *miniredis.Miniredis
	closed atomic.Bool
}

// age lets keys expire. Miniredis leaves time to its user, and when told to keep
// time itself it does so only as commands come in.
func (p *pipe) age(stop <-chan struct{}) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-stop:
			return
		case <-second.C:
			p.redis.FastForward(time.Second)
		}
	}
}

var errClosed = errors.New("jobs: the embedded Redis is closed")

// MakeRedisClient connects to it.
func (p *pipe) MakeRedisClient() any {
	return redis.NewClient(&redis.Options{
		Addr: "embedded",
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			if p.closed.Load() {
				return nil, errClosed
			}
			return p.redis.Dial()
		},
		Protocol:                 2, // the older protocol needs no greeting that miniredis lacks
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// LogRedis has the Redis client library write to the log instead of standard
// error. The library keeps one log for the whole process, so a program calls
// this once, at its start.
func LogRedis(log *slog.Logger) { redis.SetLogger(redisLog{log}) }

type redisLog struct{ log *slog.Logger }

// Printf logs at level warn: the library speaks up only when something is wrong.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.WarnContext(ctx, "redis", "message", fmt.Sprintf(format, args...))
}
