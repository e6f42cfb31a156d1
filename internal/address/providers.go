package address

import (
	"maps"
	"slices"
)

// Providers names the domain groups of the large mailbox providers, in order. Every
// other group is a domain.
func Providers() []string { return slices.Compact(slices.Sorted(maps.Values(groups))) }
