package main

import "runtime/debug"

type versionCommand struct{}

// Run prints the module's version and the commit it was built from, when known.
func (versionCommand) Run(sh *shell) error {
	version, revision := "development", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := info.Main.Version; v != "" && v != "(devel)" {
			version = v
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " (" + s.Value[:min(12, len(s.Value))] + ")"
			}
		}
		sh.printf("pulse %s%s, %s\n", version, revision, info.GoVersion)
	}
	return nil
}
