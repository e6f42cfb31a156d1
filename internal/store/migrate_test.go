package store_test

import (
	"context"
	"testing"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestMigrationsGoUpAndDownAndUpAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		if err := s.MigrateDown(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		has, wants, err := s.SchemaVersion(ctx)
		if err != nil || has != wants || has == 0 {
			t.Fatalf("schema version %d of %d, %v", has, wants, err)
		}
	})
}

func TestAnotherAddressKeyIsRefused(t *testing.T) {
	t.Parallel()
	ctx, url := context.Background(), storetest.SQLiteURL(t)
	storetest.Open(t, url, storetest.NewClock())
	other, err := store.Open(ctx, url, store.Options{Hasher: address.NewHasher([]byte("a different key altogether"))})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Migrate(ctx); !fault.Is(err, fault.Conflict) {
		t.Fatalf("migrating under another address key: %v, want a conflict", err)
	}
}

// A serve, a command and a container's probe may all be the first to open a file.
func TestManyMayOpenANewDatabaseAtOnce(t *testing.T) {
	t.Parallel()
	for range 5 {
		url := storetest.SQLiteURL(t)
		together(t, 6, func(int) error {
			s, err := store.Open(bg, url, store.Options{Hasher: storetest.Hasher()})
			if err != nil {
				return err
			}
			defer s.Close()
			return s.Migrate(bg)
		})
	}
}

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		if err := s.Damage(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)"); err != nil {
			t.Fatal(err)
		}
		if err := s.Migrate(ctx); !fault.Is(err, fault.Conflict) {
			t.Fatalf("migrating a newer schema: %v, want a conflict", err)
		}
	})
}
