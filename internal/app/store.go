package app

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/render"
	"github.com/collabpulse/weekly/internal/store"
)

// databaseFile is the embedded database inside PULSE_DATA_DIR.
const databaseFile = "pulse.db"

// ConnectStore opens the database of the settings without touching its schema.
func ConnectStore(ctx context.Context, s config.Settings) (*store.Store, error) {
	address := address.NewHasher(s.AddressKey.Bytes())
	target := s.DatabaseURL
	if target == "" {
		if err := os.MkdirAll(s.DataDir, 0o700); err != nil {
			return nil, fmt.Errorf("app: the data folder: %w", err)
		}
		target = "sqlite:" + databasePath(s)
	}
	return store.Open(ctx, target, store.Options{Zone: s.Zone.Location, Hasher: address})
}

// databasePath is the file of a database that is one.
func databasePath(s config.Settings) string {
	if path, ok := strings.CutPrefix(s.DatabaseURL, "sqlite:"); ok {
		return path
	}
	return filepath.Join(s.DataDir, databaseFile)
}

// OpenStore opens the database of the settings and brings its schema up to date.
func OpenStore(ctx context.Context, s config.Settings) (*store.Store, error) {
	db, err := ConnectStore(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// Limits are a line-up's bounds under the settings.
func Limits(s config.Settings) digest.Limits {
	return digest.Limits{PerTopic: s.PerTopic, Offered: digest.DefaultLimits.Offered}
}

// Renderer makes pages and mails under the settings.
func Renderer(s config.Settings) (*render.Renderer, error) {
	return render.New(render.Brand{Name: s.Brand, Site: site(s), Postal: s.Postal, Zone: s.Zone.Location})
}

func site(s config.Settings) link.Site {
	if s.BaseURL.URL == nil {
		return link.NewSite(&url.URL{})
	}
	return link.NewSite(s.BaseURL.URL)
}
