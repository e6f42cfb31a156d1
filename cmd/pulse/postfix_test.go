package main

import (
	"bytes"
	"fmt"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
)

// postfix is Debian's MTA, in an instance of its own that delivers every mail for
// readers.test into one Maildir and sends nothing anywhere.
type postfix struct {
	dir  string
	port int
}

const mainCF = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.readers.test
mydestination =
local_transport = error:none
default_transport = error:nothing leaves this machine
virtual_mailbox_domains = readers.test
virtual_mailbox_base = %[1]s/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 1
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks, reject
smtputf8_enable = no
alias_maps =
maillog_file = %[1]s/mail/log
maillog_file_prefixes = %[1]s
`

const masterCF = `127.0.0.1:%d inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// startPostfix needs root and the path of the postfix command in
// PULSE_TEST_POSTFIX; without the latter the test is skipped.
func startPostfix(t *testing.T) *postfix {
	t.Helper()
	command := os.Getenv("PULSE_TEST_POSTFIX")
	if command == "" {
		t.Skip("PULSE_TEST_POSTFIX is not set: not tried with a real MTA")
	}
	p := &postfix{dir: openTempDir(t), port: freePort(t)}
	for _, d := range []string{"conf", "queue", "data", "mail"} {
		must(t, os.Mkdir(filepath.Join(p.dir, d), 0o755))
	}
	must(t, os.Chmod(filepath.Join(p.dir, "mail"), 0o777))
	owner, err := user.Lookup("postfix")
	must(t, err)
	uid, err := strconv.Atoi(owner.Uid)
	must(t, err)
	must(t, os.Chown(filepath.Join(p.dir, "data"), uid, -1))
	must(t, os.WriteFile(filepath.Join(p.dir, "conf", "main.cf"), fmt.Appendf(nil, mainCF, p.dir), 0o644))
	must(t, os.WriteFile(filepath.Join(p.dir, "conf", "master.cf"), fmt.Appendf(nil, masterCF, p.port), 0o644))
	p.do(t, command, "start")
	t.Cleanup(func() { p.do(t, command, "stop") })
	return p
}

func (p *postfix) do(t *testing.T, command, action string) {
	t.Helper()
	out, err := exec.Command(command, "-c", filepath.Join(p.dir, "conf"), action).CombinedOutput()
	if err != nil {
		t.Fatalf("postfix %s: %v\n%s", action, err, out)
	}
}

func (p *postfix) url() string { return fmt.Sprintf("smtp://127.0.0.1:%d", p.port) }

// mails reads the Maildir.
func (p *postfix) mails() []*mail.Message {
	files, _ := filepath.Glob(filepath.Join(p.dir, "mail", "all", "new", "*"))
	var all []*mail.Message
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			continue // moved meanwhile
		}
		if m, err := mail.ReadMessage(bytes.NewReader(raw)); err == nil {
			all = append(all, m)
		}
	}
	return all
}

// openTempDir is a temporary folder that other users may look into.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pulse-postfix-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
