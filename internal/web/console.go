package web

import (
	"context"
	"net/http"
	"strconv"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/topic"
)

// ConsoleDeps is what the console needs beyond what every page has.
type ConsoleDeps struct {
	Store    ConsoleStore
	Editions Editions
	Watcher  Watcher
	Queues   Queues // optional: without it the page of the queues says that there are none to see
}

// ConsoleStore is all that editors may read and do. Each page declares its own
// part of it, and asks for no more.
type ConsoleStore interface {
	Sessions
	SourceList
	SourceCare
	StoryPool
	SpotlightList
	DigestList
	DigestDesk
	DigestRelease
	DigestBrakes
	EmergencyBrake
	DigestDoubts
	DigestCorrections
	Causes
	ReaderList
	Topics
	Letters
}

// Editions renders a digest as its readers will get it.
type Editions interface {
	Edition(s digest.Snapshot, hash string, k edition.Key) (edition.Edition, error)
	Bundle() string // the hash of the templates an approval is given for
}

// Topics are the subjects that stories are sorted into.
type Topics interface {
	Topics(ctx context.Context) ([]topic.Topic, error)
}

// Letters takes one mail to be sent.
type Letters interface {
	QueueLetter(ctx context.Context, l outbox.Letter) (int64, error)
}

// console is the editors' side of the server.
type console struct {
	*Server
	store    ConsoleStore
	editions Editions
	watcher  Watcher
	counted  *sync.Map // the tallies of digests that are over, by id
}

func (s *Server) consoleRoutes(g *echo.Group) {
	c := console{Server: s, store: s.Console.Store, editions: s.Console.Editions,
		watcher: s.Console.Watcher, counted: new(sync.Map)}
	g.Use(wholePage)
	g.GET("/sign-in", c.signIn)
	g.POST("/sign-in", c.askForLink)
	g.GET("/sign-in/:token", c.askToUse)
	g.POST("/sign-in/:token", c.useLink)
	in := g.Group("", c.signedIn, c.lookAtBrake)
	in.POST("/sign-out", c.signOut)
	in.GET("", c.overview)
	in.POST("/brake/pull", c.pullBrake)
	in.POST("/brake/release", c.releaseBrake)
	c.collectingRoutes(in)
	c.digestRoutes(in.Group("/digests"))
	in.GET("/subscribers", c.subscribers)
	in.GET("/queues", c.queues)
}

func (c console) collectingRoutes(g *echo.Group) {
	g.GET("/sources", c.sources)
	g.POST("/sources", c.addSource)
	g.POST("/sources/:id/remove", c.removeSource)
	g.POST("/sources/:id/pause", c.pauseSource)
	g.POST("/sources/:id/resume", c.resumeSource)
	g.POST("/sources/:id/look", c.lookNow)
	g.GET("/stories", c.stories)
	g.POST("/stories", c.addStory)
	g.POST("/stories/:id/hide", c.hideStory)
	g.POST("/stories/:id/show", c.showStory)
	g.POST("/stories/:id/topic", c.moveToTopic)
	g.GET("/spotlights", c.spotlights)
	g.POST("/spotlights", c.writeSpotlight)
	g.GET("/spotlights/:id", c.editSpotlight)
	g.POST("/spotlights/:id", c.saveSpotlight)
	g.POST("/spotlights/:id/hide", c.hideSpotlight)
	g.POST("/spotlights/:id/show", c.showSpotlight)
}

func (c console) digestRoutes(g *echo.Group) {
	g.GET("", c.digests)
	g.POST("", c.compose)
	g.GET("/:id", c.digestPage)
	g.POST("/:id/texts", c.saveTexts)
	g.POST("/:id/stories/:story/include", c.includeStory)
	g.POST("/:id/stories/:story/exclude", c.excludeStory)
	g.POST("/:id/stories/:story/up", c.storyUp)
	g.POST("/:id/stories/:story/down", c.storyDown)
	g.POST("/:id/spotlights/:spotlight/include", c.includeSpotlight)
	g.POST("/:id/spotlights/:spotlight/exclude", c.excludeSpotlight)
	g.POST("/:id/test", c.sendTest)
	g.POST("/:id/approve", c.approve)
	g.POST("/:id/schedule", c.schedule)
	g.POST("/:id/send", c.sendNow)
	g.POST("/:id/pause", c.pause)
	g.POST("/:id/resume", c.resume)
	g.POST("/:id/cancel", c.cancel)
	g.POST("/:id/doubts", c.setDoubts)
	g.POST("/:id/resend", c.resendUnknown)
	g.POST("/:id/accept", c.acceptUnknown)
	g.POST("/:id/correct", c.correct)
	g.GET("/:id/preview.html", c.previewHTML, c.under(policyMail))
	g.GET("/:id/preview.txt", c.previewText, c.under(policyMail))
	g.GET("/:id/progress", c.progress)
	g.GET("/:id/live", c.live)
}

// signedIn lets only editors through, and tells the layout who it is.
func (c console) signedIn(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		ticket, ok := c.ticket(ec)
		if !ok {
			return errSignIn
		}
		session, err := c.store.Session(ec.Request().Context(), ticket)
		if fault.Is(err, fault.Unauthorised) {
			c.forgetTicket(ec)
		}
		if err != nil {
			return err
		}
		if ec.Request().Method == http.MethodGet && !isFragment(ec) {
			c.keepTicket(ec, ticket)
		}
		ec.Set(editorKey, &session.Editor)
		return next(ec)
	}
}

var errSignIn = fault.New(fault.Unauthorised, "Please sign in to see the console.")

// who is the signed-in editor of a route behind signedIn.
func who(ec echo.Context) *editor.Editor {
	e, _ := ec.Get(editorKey).(*editor.Editor)
	return e
}

// isFragment reports whether htmx asks, and will put the answer into a page.
func isFragment(ec echo.Context) bool { return ec.Request().Header.Get("HX-Request") != "" }

// wholePage tells htmx to show an error as the page it is. It asked for a part
// of the console, which an error page does not have.
func wholePage(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		err := next(ec)
		if err != nil && isFragment(ec) {
			h := ec.Response().Header()
			h.Set("HX-Retarget", "body")
			h.Set("HX-Reswap", "innerHTML show:top")
			h.Set("HX-Reselect", "unset")
		}
		return err
	}
}

// pathID reads a number out of the path; whatever is none names no page.
func pathID(ec echo.Context, name string) (int64, error) {
	id, err := strconv.ParseInt(ec.Param(name), 10, 64)
	if err != nil || id < 1 {
		return 0, errNoPage
	}
	return id, nil
}
