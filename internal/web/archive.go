package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
)

// Digests is the archive of digests that went out.
type Digests interface {
	Digest(ctx context.Context, id int64) (digest.Digest, error)
	LatestDigest(ctx context.Context) (digest.Digest, error) // fault.NotFound before the first
	Snapshot(ctx context.Context, id int64) (s digest.Snapshot, hash string, err error)
}

// Pages draws what was approved as a part of a page.
type Pages interface {
	Page(s digest.Snapshot) (template.HTML, error)
}

var (
	errNoDigest  = fault.New(fault.NotFound, "There is no such digest. The archive begins with the first one that went out.")
	errNotYetOne = fault.New(fault.NotFound, "The first digest is still to come. Sign up and it will find you.")
)

// newestFor is how long the newest digest is kept in memory: reading it takes its
// whole line-up, and every visit to the home page asks for it.
const newestFor = 5 * time.Second

// newest is the digest that went out last; nil before the first.
func (s *Server) newest(ctx context.Context) (*digest.Digest, error) {
	if kept := s.kept.Load(); kept != nil && s.Now().Sub(kept.at) < newestFor {
		return &kept.Digest, nil
	}
	d, err := s.Digests.LatestDigest(ctx)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.kept.Store(&keptDigest{d, s.Now()})
	return &d, nil
}

// keptDigest is a digest as it was at a moment. Nobody may change it.
type keptDigest struct {
	digest.Digest
	at time.Time
}

// latestDigest leads to the page of the newest digest.
func (s *Server) latestDigest(c echo.Context) error {
	d, err := s.newest(c.Request().Context())
	if err != nil {
		return err
	}
	if d == nil {
		return errNotYetOne
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-cache")
	return c.Redirect(http.StatusSeeOther, "/digests/"+strconv.FormatInt(d.ID, 10))
}

// archived is one digest's page.
type archived struct {
	digest.Snapshot
	Body template.HTML
}

// digest shows what was sent, to anybody. Its snapshot never changes, so caches
// may keep it; the tag covers the look as well, which may.
func (s *Server) digest(c echo.Context) error {
	snapshot, hash, err := s.launched(c)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	etag := fmt.Sprintf(`W/"%.16s-%s"`, hash, s.look)
	h.Set("ETag", etag)
	h.Set(echo.HeaderCacheControl, "public, max-age=300")
	if fresh(c.Request(), etag) {
		return c.NoContent(http.StatusNotModified)
	}
	body, err := s.Pages.Page(snapshot)
	if err != nil {
		return err
	}
	policyPictures.apply(h)
	return s.page(c, http.StatusOK, "public/digest", archived{snapshot, body})
}

// launched finds the snapshot of a digest that went out: drafts are nobody's business.
func (s *Server) launched(c echo.Context) (digest.Snapshot, string, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return digest.Snapshot{}, "", errNoDigest
	}
	d, err := s.Digests.Digest(c.Request().Context(), id)
	if fault.Is(err, fault.NotFound) || err == nil && d.Launched.IsZero() {
		return digest.Snapshot{}, "", errNoDigest
	}
	if err != nil {
		return digest.Snapshot{}, "", err
	}
	return s.Digests.Snapshot(c.Request().Context(), id)
}
