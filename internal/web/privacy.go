package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// privacy says what is kept of whom, how long, and how to be forgotten.
func (s *Server) privacy(c echo.Context) error {
	return s.page(c, http.StatusOK, "public/privacy", nil)
}
