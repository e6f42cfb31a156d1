package demo

import (
	"embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strings"
	"time"
)

//go:embed pages/*.html pages/site.css
var pages embed.FS

// Site serves the community at an origin of its own.
type Site struct {
	Origin    string // such as http://127.0.0.1:41234
	community *Community
	signUp    string // where the embedded form posts to
	templates *template.Template
	server    *http.Server
}

// Serve opens the site on a free loopback port. Its sign-up form posts to the
// given address, as a form embedded on somebody's own site does.
func Serve(c *Community, signUp string) (*Site, error) {
	t, err := template.ParseFS(pages, "pages/*.html")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo: the community's site: %w", err)
	}
	s := &Site{Origin: "http://" + listener.Addr().String(), community: c, signUp: signUp, templates: t}
	s.server = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second}
	go s.server.Serve(listener)
	return s, nil
}

// Close stops serving.
func (s *Site) Close() error { return s.server.Close() }

// FeedURL is where a blog's feed is.
func (s *Site) FeedURL(b Blog) string { return s.Origin + "/blogs/" + b.Slug + "/feed" }

// JoinURL is the page with the embedded sign-up form.
func (s *Site) JoinURL() string { return s.Origin + "/join" }

func (s *Site) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /join", s.join)
	mux.HandleFunc("GET /site.css", s.style)
	mux.HandleFunc("GET /stories/{slug}", s.story)
	mux.HandleFunc("GET /pictures/{file}", s.picture)
	mux.HandleFunc("GET /blogs/{blog}", s.blog)
	mux.HandleFunc("GET /blogs/{blog}/feed", s.feed)
	return mux
}

// view is what every page of the site gets.
type view struct {
	Blogs  []Blog
	Blog   Blog
	Story  Story
	SignUp string
}

func (s *Site) show(w http.ResponseWriter, page string, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.SignUp = s.signUp
	if err := s.templates.ExecuteTemplate(w, page, v); err != nil {
		http.Error(w, "The page could not be shown.", http.StatusInternalServerError)
	}
}

func (s *Site) home(w http.ResponseWriter, _ *http.Request) {
	s.show(w, "home.html", view{Blogs: s.community.Blogs()})
}

func (s *Site) join(w http.ResponseWriter, _ *http.Request) {
	s.show(w, "join.html", view{Blogs: s.community.Blogs()})
}

func (s *Site) style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pages, "pages/site.css")
}

func (s *Site) blog(w http.ResponseWriter, r *http.Request) {
	b, ok := s.community.Blog(r.PathValue("blog"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.show(w, "blog.html", view{Blog: b})
}

func (s *Site) story(w http.ResponseWriter, r *http.Request) {
	b, story, ok := s.community.Find(r.PathValue("slug"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.show(w, "story.html", view{Blog: b, Story: story})
}

func (s *Site) picture(w http.ResponseWriter, r *http.Request) {
	slug, isPNG := strings.CutSuffix(r.PathValue("file"), ".png")
	if _, _, ok := s.community.Find(slug); !ok || !isPNG {
		http.NotFound(w, r)
		return
	}
	b, err := picture(slug)
	if err != nil {
		http.Error(w, "The picture could not be drawn.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "max-age=86400")
	w.Write(b)
}

func (s *Site) feed(w http.ResponseWriter, r *http.Request) {
	b, ok := s.community.Blog(r.PathValue("blog"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	contentType, body, err := feed(b, s.Origin)
	if err != nil {
		http.Error(w, "The feed could not be written.", http.StatusInternalServerError)
		return
	}
	tag := fmt.Sprintf(`"%d-%d"`, len(b.Stories), len(body))
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Write(body)
}
