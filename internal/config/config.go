// Package config is the settings: every PULSE_… variable of the environment,
// what it means, what it is when nobody set it, and what is wrong with it.
//
// Settings are read once, checked together, and handed on as one value; nothing
// else in the program looks at the environment. Without any of them the program
// runs on its embedded parts, for trying it out. Secrets are of a type that
// prints as "[secret]", so none can reach a log by accident.
package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/collabpulse/weekly/internal/fault"
)

// Settings are all of them. The tags are read by Load and by List.
type Settings struct {
	DatabaseURL string   `env:"PULSE_DATABASE_URL" help:"where the data lives: sqlite:PATH or postgres://user:password@host/database; empty is a SQLite file in PULSE_DATA_DIR"`
	RedisURL    string   `env:"PULSE_REDIS_URL" help:"the queue: redis://host:6379/0 or redis-sentinel://…; empty is an embedded one"`
	RedisSpace  string   `env:"PULSE_REDIS_SPACE" envDefault:"pulse" help:"first part of the queues' names, so that several services can share a Redis"`
	SMTPURLs    []string `env:"PULSE_SMTP_URLS" help:"the relays that take our mail, separated by commas: smtp://user:password@host:587, smtps://host:465, with ?weight=, ?connections= and ?rate= as limits; empty is a mailbox in the program, for trying it out"`
	BaseURL     URL      `env:"PULSE_BASE_URL" envDefault:"http://localhost:8080" help:"where readers reach this service; every link in a mail begins with it"`
	Listen      string   `env:"PULSE_LISTEN" envDefault:"127.0.0.1:8080" help:"address and port to serve HTTP on"`
	MetricsAt   string   `env:"PULSE_METRICS_LISTEN" help:"address and port for /metrics, /healthz and /readyz alone, in every role; empty serves them beside the pages, in the web role only"`
	DataDir     string   `env:"PULSE_DATA_DIR" envDefault:"data" help:"folder of the embedded database and of generated keys"`

	Secrets    Secrets `env:"PULSE_SECRETS" help:"secrets that sign links, separated by commas, each at least 32 characters; the first signs, all verify; empty generates one in PULSE_DATA_DIR"`
	AddressKey Secret  `env:"PULSE_ADDRESS_KEY" help:"key under which addresses are hashed, at least 32 characters; never change it; empty generates one in PULSE_DATA_DIR"`

	Brand        string     `env:"PULSE_BRAND" envDefault:"Collab Pulse Weekly" help:"name of the digest on pages and mails"`
	From         Mailbox    `env:"PULSE_FROM" envDefault:"Collab Pulse Weekly <weekly@localhost.localdomain>" help:"sender that readers see"`
	ReplyTo      Mailbox    `env:"PULSE_REPLY_TO" help:"where replies go; empty is the sender"`
	Bounce       Mailbox    `env:"PULSE_BOUNCE_ADDRESS" help:"envelope sender; each mail adds its own token after a plus sign (VERP); empty is the sender"`
	DKIMDomain   string     `env:"PULSE_DKIM_DOMAIN" help:"domain that signs our mails (DKIM), the one of PULSE_FROM or one above it; empty leaves signing to the relays"`
	DKIMSelector string     `env:"PULSE_DKIM_SELECTOR" help:"name under which the signing key is published, such as pulse2026"`
	DKIMKey      PrivateKey `env:"PULSE_DKIM_KEY" help:"private key that signs, RSA of 2048 bits or more, or Ed25519: PEM, or the path of a file with it"`
	Postal       string     `env:"PULSE_POSTAL_ADDRESS" help:"postal address in the footer of every digest, as the law wants it"`

	Zone        Zone          `env:"PULSE_TIMEZONE" envDefault:"UTC" help:"IANA time zone of the schedule, such as Europe/Berlin"`
	Schedule    string        `env:"PULSE_SCHEDULE" envDefault:"FREQ=WEEKLY;BYDAY=TU;BYHOUR=9;BYMINUTE=0" help:"when digests go out, as an RFC 5545 rule in PULSE_TIMEZONE"`
	ComposeLead time.Duration `env:"PULSE_COMPOSE_LEAD" envDefault:"24h" help:"how long before its slot a digest is composed for review"`
	PerTopic    int           `env:"PULSE_STORIES_PER_TOPIC" envDefault:"5" help:"stories included per topic, 1 to 10"`

	Connections         int           `env:"PULSE_SMTP_CONNECTIONS" envDefault:"8" help:"connections to the relays of each worker process, 1 to 64"`
	KeepDeliveries      time.Duration `env:"PULSE_KEEP_DELIVERIES" envDefault:"2160h" help:"how long after its end a digest's ledger is kept whole (90 days); then a narrow history is, at least 168h"`
	KeepHistory         time.Duration `env:"PULSE_KEEP_HISTORY" envDefault:"9600h" help:"how long after its end anybody knows what each reader got (400 days), at least PULSE_KEEP_DELIVERIES"`
	ThrottleRest        time.Duration `env:"PULSE_THROTTLE_REST" envDefault:"10m" help:"how long a mailbox provider that says we send too much is left alone, 1s to 24h"`
	DomainGroups        DomainGroups  `env:"PULSE_DOMAIN_GROUPS" help:"which domains fall under one provider's limits, beside those found by their mail servers: example.org=gmail, or by the server's name mx:mail.example.net=examplenet"`
	DomainRates         DomainRates   `env:"PULSE_DOMAIN_RATES" help:"most mails a second, a minute or an hour that a domain group gets from all workers together: gmail=20,outlook=600/m"`
	WarmUp              WarmUp        `env:"PULSE_WARMUP" help:"how many mails of digests may go out on each of the first days of a new sender: its first day in PULSE_TIMEZONE and a number for each, 2026-12-01: 500 1000 2000 4000; the rest of a digest waits for the next day"`
	DNS                 DNS           `env:"PULSE_DNS" help:"DNS server that is asked for the mail servers of domains, in the background: 127.0.0.1:53; empty asks those of the machine once a relay is set, off asks nobody"`
	SignUpsPerNetwork   Quota         `env:"PULSE_SIGNUPS_PER_NETWORK" envDefault:"20/h" help:"how often one network may sign somebody up, and ask for a link by mail, to leave or to preferences: so often at once and in each hour (h), minute (m) or second (s); off is no limit"`
	SignUps             Quota         `env:"PULSE_SIGNUPS" envDefault:"6000/m" help:"how often everybody together may sign up"`
	TrustedProxies      Prefixes      `env:"PULSE_TRUSTED_PROXIES" help:"networks whose X-Forwarded-For is believed, such as 10.0.0.0/8"`
	AllowPrivateSources bool          `env:"PULSE_ALLOW_PRIVATE_SOURCES" envDefault:"false" help:"let feeds live at private addresses; for tests and demos"`
	LogFormat           string        `env:"PULSE_LOG_FORMAT" envDefault:"text" help:"text or json"`
	LogLevel            string        `env:"PULSE_LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error"`
}

// Load reads the settings from an environment such as os.Environ gives. Every
// setting that cannot be read is reported in one fault.Invalid, and a PULSE_…
// variable that means nothing is one too: it is likely a misspelt one.
func Load(environ []string) (Settings, error) {
	var s Settings
	vars := env.ToMap(environ)
	problems := unknown(vars)
	if err := env.ParseWithOptions(&s, env.Options{Environment: vars}); err != nil {
		problems = append(problems, unreadable(err)...)
	} else {
		problems = append(problems, s.check()...)
	}
	if len(problems) > 0 {
		return s, fault.New(fault.Invalid, "%s", strings.Join(problems, "\n"))
	}
	return s, nil
}

// unreadable turns the parser's report into a sentence per setting.
func unreadable(err error) []string {
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return []string{err.Error()}
	}
	var problems []string
	for _, e := range all.Errors {
		if p, ok := errors.AsType[env.ParseError](e); ok {
			problems = append(problems, fmt.Sprintf("%s: %s", variable(p.Name), fault.Message(readable(p))))
			continue
		}
		problems = append(problems, e.Error())
	}
	return problems
}

// readable is the fault inside a parse error, or one that says what type was
// wanted; the text itself is left out, for it may be a secret.
func readable(p env.ParseError) error {
	if fault.KindOf(p.Err) != fault.Internal {
		return p.Err
	}
	wanted, ok := map[reflect.Type]string{
		reflect.TypeFor[int]():           "a whole number",
		reflect.TypeFor[bool]():          "true or false",
		reflect.TypeFor[time.Duration](): "a span of time such as 24h",
	}[p.Type]
	if !ok {
		wanted = "something else"
	}
	return fault.New(fault.Invalid, "this must be %s.", wanted)
}

func variable(field string) string {
	f, ok := reflect.TypeFor[Settings]().FieldByName(field)
	if !ok {
		return field
	}
	return f.Tag.Get("env")
}

// reserved are variables of ours that are not settings of the service.
const reserved = "PULSE_TEST_"

func unknown(vars map[string]string) []string {
	known := map[string]bool{}
	for _, l := range List(Settings{}) {
		known[l.Name] = true
	}
	var problems []string
	for name := range vars {
		if strings.HasPrefix(name, "PULSE_") && !strings.HasPrefix(name, reserved) && !known[name] {
			problems = append(problems, name+": there is no such setting; `pulse doctor` lists them all.")
		}
	}
	return problems
}
