package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// Check asks one part of the service whether it can do its work.
type Check struct {
	Name string
	Func func(ctx context.Context) error
}

// checkFor is how long a check may take before its part counts as away.
const checkFor = 3 * time.Second

// Probes answers /healthz, /readyz and /metrics alone, for a listener of its own:
// in processes that serve no pages, and where metrics are nobody else's business.
func Probes(c Config) http.Handler {
	s := &Server{Config: c.withDefaults()}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Use(s.identify)
	s.healthRoutes(e)
	return answerHead(e)
}

func (s *Server) healthRoutes(e *echo.Echo) {
	e.GET("/healthz", s.alive)
	e.GET("/readyz", s.ready)
	if s.Metrics != nil {
		e.GET("/metrics", echo.WrapHandler(s.Metrics))
	}
}

// alive says that the process answers. It asks nothing else, so that a database
// which is away for a minute does not get the process killed.
func (s *Server) alive(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// state is one check's answer.
type state struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Ms   int64  `json:"ms"`
}

// ready says whether traffic should come here: 200, or 503 when a part is away.
// Why it is away goes to the log, because it may name hosts.
func (s *Server) ready(c echo.Context) error {
	states := s.ask(c)
	status := http.StatusOK
	for _, st := range states {
		if !st.OK {
			status = http.StatusServiceUnavailable
		}
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(status, map[string]any{"ready": status == http.StatusOK, "checks": states})
}

// ask runs all checks at once, in the order they were given.
func (s *Server) ask(c echo.Context) []state {
	ctx, cancel := context.WithTimeout(c.Request().Context(), checkFor)
	defer cancel()
	states := make([]state, len(s.Health))
	var all sync.WaitGroup
	for i, check := range s.Health {
		all.Go(func() {
			start := time.Now()
			err := check.Func(ctx)
			states[i] = state{Name: check.Name, OK: err == nil, Ms: time.Since(start).Milliseconds()}
			if err != nil {
				s.Log.WarnContext(ctx, "check failed", "request", requestID(c), "check", check.Name, "error", err.Error())
			}
		})
	}
	all.Wait()
	return states
}
