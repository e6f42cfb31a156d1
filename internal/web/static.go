package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/emails"
	"github.com/collabpulse/weekly/internal/fault"
)

// asset is one embedded file as it is served.
type asset struct {
	kind    string // Content-Type
	version string // of its content
	body    []byte
	zipped  []byte // gzip, nil when that saves nothing
}

// stylesheet is the base of every page; the design tokens, which the mails
// share, are put in front of it so that a page loads one file.
const stylesheet = "pulse.css"

// loadAssets reads static/.
func loadAssets(fsys fs.FS) (map[string]asset, error) {
	assets := make(map[string]asset)
	err := fs.WalkDir(fsys, "static", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(file, "static/")
		if name == stylesheet {
			body = append([]byte(emails.Tokens), body...)
		}
		assets[name], err = newAsset(name, body)
		return err
	})
	return assets, err
}

func newAsset(name string, body []byte) (asset, error) {
	sum := sha256.Sum256(body)
	a := asset{kind: contentType(name), version: hex.EncodeToString(sum[:6]), body: body}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return asset{}, err
	}
	if _, err := w.Write(body); err != nil {
		return asset{}, err
	}
	if err := w.Close(); err != nil {
		return asset{}, err
	}
	if b.Len() < len(body)*9/10 {
		a.zipped = b.Bytes()
	}
	return a, nil
}

// contentType does not ask the machine's own tables, which differ.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.TypeByExtension(ext)
	}
}

// assetURL is where a page finds an embedded file. The version in it changes
// with the content, so browsers may keep the file for ever.
func (s *Server) assetURL(name string) (string, error) {
	a, ok := s.assets[name]
	if !ok {
		return "", fmt.Errorf("there is no static file %q", name)
	}
	return "/static/" + name + "?v=" + a.version, nil
}

// static serves an embedded file: for a year when asked for by its version,
// otherwise to be asked about again each time (RFC 9110 §13.1.2).
func (s *Server) static(c echo.Context) error {
	a, ok := s.assets[c.Param("*")]
	if !ok {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	h := c.Response().Header()
	etag := `W/"` + a.version + `"` // weak: it names the content, zipped or not
	h.Set("ETag", etag)
	h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	h.Set(echo.HeaderCacheControl, "no-cache")
	if c.QueryParam("v") == a.version {
		h.Set(echo.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	if fresh(c.Request(), etag) {
		return c.NoContent(http.StatusNotModified)
	}
	body := a.body
	if a.zipped != nil && unzips(c) {
		body = a.zipped
		h.Set(echo.HeaderContentEncoding, "gzip")
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.Blob(http.StatusOK, a.kind, body)
}

// fresh reports whether the client already has what the tag names, compared
// weakly (RFC 9110 §8.8.3.2).
func fresh(r *http.Request, etag string) bool {
	for tag := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(tag), "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

// robots tells search engines what is worth reading.
func (s *Server) robots(c echo.Context) error {
	return c.String(http.StatusOK, "User-agent: *\nDisallow: /confirm/\nDisallow: /console\nDisallow: /leave/\nDisallow: /mailbox\n")
}
