package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
)

// Sessions signs editors in and out.
type Sessions interface {
	// RequestSignIn mails a one-time link. It answers nil for an address it does
	// not know, and after too many requests, and then mails nothing.
	RequestSignIn(ctx context.Context, a address.Address) error
	// UseSignIn uses a one-time link up. One used before, or too old, is a fault.Gone.
	UseSignIn(ctx context.Context, signIn int64) (editor.Ticket, editor.Session, error)
	// Session is who holds a ticket; a fault.Unauthorised when it has ended.
	Session(ctx context.Context, t editor.Ticket) (editor.Session, error)
	EndSession(ctx context.Context, t editor.Ticket) error
}

// signInForm is the page that asks for an address, and may say why it asks again.
type signInForm struct {
	Form    entry
	Trouble string
}

// signIn asks for an address, unless somebody is signed in already.
func (c console) signIn(ec echo.Context) error {
	ticket, ok := c.ticket(ec)
	if !ok {
		return c.page(ec, http.StatusOK, "console/sign-in", signInForm{})
	}
	_, err := c.store.Session(ec.Request().Context(), ticket)
	switch {
	case fault.Is(err, fault.Unauthorised):
		return c.page(ec, http.StatusOK, "console/sign-in", signInForm{})
	case err != nil:
		return err
	}
	return ec.Redirect(http.StatusSeeOther, "/console")
}

// askForLink takes the address. The answer is the same page for an editor and
// for anybody else.
func (c console) askForLink(ec echo.Context) error {
	form, err := readEntry(ec)
	if err != nil {
		return err
	}
	to, err := address.Parse(form.Value("email"))
	if err != nil {
		return c.page(ec, http.StatusUnprocessableEntity, "console/sign-in", signInForm{Form: form.wrong(err)})
	}
	if err := c.store.RequestSignIn(ec.Request().Context(), to); err != nil {
		return err
	}
	c.Waker.WakeOutbox(ec.Request().Context())
	return c.page(ec, http.StatusOK, "console/sign-in-asked", link.SignInFor)
}

// askToUse is where the mailed link leads. It shows one button and changes
// nothing, so a scanner that opens every link in a mail uses none up.
func (c console) askToUse(ec echo.Context) error {
	if _, err := c.readSignIn(ec); err != nil {
		return c.refuseLink(ec, err)
	}
	return c.page(ec, http.StatusOK, "console/sign-in-use", ec.Param("token"))
}

// useLink signs the editor in.
func (c console) useLink(ec echo.Context) error {
	signIn, err := c.readSignIn(ec)
	if err != nil {
		return c.refuseLink(ec, err)
	}
	ticket, _, err := c.store.UseSignIn(ec.Request().Context(), signIn)
	if err != nil {
		return c.refuseLink(ec, err)
	}
	c.keepTicket(ec, ticket)
	return ec.Redirect(http.StatusSeeOther, "/console")
}

// readSignIn is the sign-in that the token in the path completes.
func (c console) readSignIn(ec echo.Context) (int64, error) {
	claim, err := c.Signer.Verify(link.SignIn, ec.Param("token"), c.Now())
	switch {
	case errors.Is(err, link.ErrExpired):
		return 0, fault.New(fault.Gone, "This link is too old.")
	case err != nil:
		return 0, fault.New(fault.NotFound, "This is not a link we made, or it was cut short.")
	}
	return claim.Subject, nil
}

// refuseLink says what is wrong with a link and offers a fresh one.
func (c console) refuseLink(ec echo.Context, err error) error {
	if !fault.Is(err, fault.Gone) && !fault.Is(err, fault.NotFound) {
		return err
	}
	return c.page(ec, describe(err).Status, "console/sign-in", signInForm{Trouble: fault.Message(err)})
}

// signOut ends the session, here and in SQL.
func (c console) signOut(ec echo.Context) error {
	ticket, _ := c.ticket(ec)
	if err := c.store.EndSession(ec.Request().Context(), ticket); err != nil {
		return err
	}
	c.forgetTicket(ec)
	return ec.Redirect(http.StatusSeeOther, signInPage)
}

// cookieName carries the __Host- prefix (RFC 6265bis §4.1.3.2) wherever the site
// is served over TLS: the browser then accepts it from this host alone.
func (c console) cookieName() string {
	if c.base.Scheme == "https" {
		return "__Host-pulse"
	}
	return "pulse"
}

func (c console) ticket(ec echo.Context) (editor.Ticket, bool) {
	cookie, err := ec.Cookie(c.cookieName())
	if err != nil || cookie.Value == "" {
		return "", false
	}
	return editor.Ticket(cookie.Value), true
}

// keepTicket gives the browser its ticket, for as long as a session lasts unused.
func (c console) keepTicket(ec echo.Context, t editor.Ticket) {
	c.setCookie(ec, string(t), editor.SessionFor)
}

func (c console) forgetTicket(ec echo.Context) { c.setCookie(ec, "", -time.Second) }

func (c console) setCookie(ec echo.Context, value string, life time.Duration) {
	ec.SetCookie(&http.Cookie{
		Name: c.cookieName(), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: c.base.Scheme == "https", SameSite: http.SameSiteLaxMode,
	})
}
