package app

import (
	"strings"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/fault"
)

// Roles are the parts one process runs.
type Roles struct {
	Web       bool // answers readers, editors and machines
	Worker    bool // gathers, composes and sends
	Scheduler bool // asks once a minute what is due
}

// AllRoles is everything in one process.
var AllRoles = Roles{Web: true, Worker: true, Scheduler: true}

// ParseRoles reads role names, also several in one word with commas; none is all.
func ParseRoles(names []string) (Roles, error) {
	var r Roles
	for _, name := range strings.FieldsFunc(strings.Join(names, ","), func(c rune) bool { return c == ',' || c == ' ' }) {
		switch name {
		case "web":
			r.Web = true
		case "worker":
			r.Worker = true
		case "scheduler":
			r.Scheduler = true
		default:
			return r, fault.Field("roles", "There is no role %q; use web, worker or scheduler.", name)
		}
	}
	if r == (Roles{}) {
		return AllRoles, nil
	}
	return r, nil
}

// String lists the roles.
func (r Roles) String() string {
	var names []string
	for _, role := range []struct {
		has  bool
		name string
	}{{r.Web, "web"}, {r.Worker, "worker"}, {r.Scheduler, "scheduler"}} {
		if role.has {
			names = append(names, role.name)
		}
	}
	return strings.Join(names, "+")
}

// splittable says why these roles cannot run apart under the settings, if so.
func (r Roles) splittable(s config.Settings) error {
	if r == AllRoles || !s.Embedded() && !s.MailboxOnly() {
		return nil
	}
	var missing []string
	if s.OnSQLite() {
		missing = append(missing, "PULSE_DATABASE_URL (PostgreSQL)")
	}
	if s.RedisURL == "" {
		missing = append(missing, "PULSE_REDIS_URL (Redis)")
	}
	if s.MailboxOnly() {
		missing = append(missing, "PULSE_SMTP_URLS (a relay)")
	}
	return fault.New(fault.Invalid, "Roles can only run apart when they share a database, a queue and a relay: set %s; or leave --roles out.", strings.Join(missing, ", "))
}
