// Package mxtest gives tests a DNS server of their own, on a port of this machine, that
// knows the mail servers of made-up domains.
package mxtest

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Zone is what a server knows: the mail servers of each name, as "10 mail.example.", or
// one of the words below. Names end with a dot; others do not exist.
type Zone map[string][]string

// What a server does about a name instead of answering.
const (
	Silence = "silence" // nothing
	Trouble = "trouble" // it says that it failed
)

// Server is a DNS server.
type Server struct {
	Addr string // host and port, as PULSE_DNS takes it

	conn net.PacketConn
	zone Zone
	mu   sync.Mutex
	seen []string
}

// Serve runs a server until the test ends.
func Serve(t testing.TB, z Zone) *Server {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: conn.LocalAddr().String(), conn: conn, zone: z}
	var serving sync.WaitGroup
	serving.Go(s.serve)
	t.Cleanup(func() {
		conn.Close()
		serving.Wait()
	})
	return s
}

// Seen is what it was asked for, in order.
func (s *Server) Seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *Server) serve() {
	packet := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(packet)
		if err != nil {
			return
		}
		var question dnsmessage.Message
		if question.Unpack(packet[:n]) != nil || len(question.Questions) != 1 {
			continue
		}
		if answer, ok := s.answer(question); ok {
			s.conn.WriteTo(answer, from)
		}
	}
}

func (s *Server) answer(m dnsmessage.Message) (packet []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := m.Questions[0]
	name := strings.ToLower(q.Name.String())
	s.seen = append(s.seen, name)
	servers, known := s.zone[name]
	reply := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionDesired: true, RecursionAvailable: true}, Questions: m.Questions}
	switch {
	case !known:
		reply.RCode = dnsmessage.RCodeNameError
	case slices.Contains(servers, Silence):
		return nil, false
	case slices.Contains(servers, Trouble):
		reply.RCode = dnsmessage.RCodeServerFailure
	default:
		reply.Answers = records(q, servers)
	}
	packet, err := reply.Pack()
	return packet, err == nil
}

func records(q dnsmessage.Question, servers []string) (all []dnsmessage.Resource) {
	for _, text := range servers {
		var preference uint16
		var host string
		fmt.Sscanf(text, "%d %s", &preference, &host)
		all = append(all, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: dnsmessage.TypeMX, Class: dnsmessage.ClassINET, TTL: 60},
			Body:   &dnsmessage.MXResource{Pref: preference, MX: dnsmessage.MustNewName(host)},
		})
	}
	return all
}
