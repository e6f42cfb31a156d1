package web

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// worthZipping is the size, in octets, from which compression saves a packet.
const worthZipping = 1400

// send answers with a rendered page, compressed for whoever can unzip it. No
// page holds both a secret and what a stranger may put into it, which is what
// guessing secrets by compressed length (BREACH) would need.
func (s *Server) send(c echo.Context, status int, page []byte) error {
	h := c.Response().Header()
	h.Add(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if len(page) >= worthZipping && unzips(c) {
		zipped, err := s.zip(page)
		if err != nil {
			return err
		}
		h.Set(echo.HeaderContentEncoding, "gzip")
		page = zipped
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(page))) // for HEAD, whose body net/http drops
	return c.HTMLBlob(status, page)
}

// unzips reports whether the client takes gzip (RFC 9110 §12.5.3).
func unzips(c echo.Context) bool {
	return strings.Contains(c.Request().Header.Get(echo.HeaderAcceptEncoding), "gzip")
}

// zip compresses a page with a writer that earlier pages have used: a new one
// costs far more than the page.
func (s *Server) zip(page []byte) ([]byte, error) {
	var b bytes.Buffer
	w, ok := s.zippers.Get().(*gzip.Writer)
	if !ok {
		w = gzip.NewWriter(nil)
	}
	defer s.zippers.Put(w)
	w.Reset(&b)
	if _, err := w.Write(page); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
