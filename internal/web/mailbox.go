package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/fault"
)

// Mailbox is the embedded mailbox, when mail stays on this machine.
type Mailbox interface {
	// Messages lists the newest first, all or those to one recipient.
	Messages(recipient string, limit int) []Mail
	Message(id int64) (Mail, bool)
	Count() int // all that ever came, kept or not
}

// Mail is one message in the mailbox.
type Mail struct {
	ID       int64
	From, To string
	Subject  string
	Date     time.Time
	Text     string
	HTML     string // "" for a text-only mail
	Raw      []byte // as it came over the wire
}

// shown is how many messages the list shows.
const shown = 200

func (s *Server) mailboxRoutes(g *echo.Group) {
	g.GET("", s.mailbox)
	g.GET("/:id", s.mail, s.under(policyFrame))
	g.GET("/:id/html", s.mailHTML, s.under(policyMail))
	g.GET("/:id/raw", s.mailRaw)
}

// mailList is what the list shows.
type mailList struct {
	To    string
	Mails []Mail
	Count int
}

func (s *Server) mailbox(c echo.Context) error {
	to := strings.TrimSpace(c.QueryParam("to"))
	return s.page(c, http.StatusOK, "mailbox/list", mailList{To: to, Mails: s.Mailbox.Messages(to, shown), Count: s.Mailbox.Count()})
}

func (s *Server) mail(c echo.Context) error {
	m, err := s.findMail(c)
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "mailbox/message", m)
}

// mailHTML is the mail's own page, for the frame. A sandbox keeps it from doing
// anything; its links open in a window of their own, because other pages refuse
// to be framed.
func (s *Server) mailHTML(c echo.Context) error {
	m, err := s.findMail(c)
	if err != nil {
		return err
	}
	return c.HTML(http.StatusOK, linksOutside(m.HTML))
}

func (s *Server) mailRaw(c echo.Context) error {
	m, err := s.findMail(c)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMETextPlainCharsetUTF8, m.Raw)
}

func (s *Server) findMail(c echo.Context) (Mail, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err == nil {
		if m, ok := s.Mailbox.Message(id); ok {
			return m, nil
		}
	}
	return Mail{}, fault.New(fault.NotFound, "This message is not in the mailbox; only the newest are kept.")
}
