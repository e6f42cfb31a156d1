package digest

import "time"

// Morning is when a digest launched then is due for a reader who chose an hour of
// the day, 0 to 23, in a zone: the next time that hour begins there, or at once
// while it lasts, because a slot at nine is launched some seconds after nine. Where
// clocks skip the hour in spring it begins with the first minute after the gap;
// where they show it twice in autumn it is the earlier one. So it is never more
// than 24 hours away, but for the hour that autumn adds to a day.
//
// Any other hour stands for no wish: due at the launch.
func Morning(launch time.Time, hour int, zone *time.Location) time.Time {
	if hour < 0 || hour > 23 {
		return launch
	}
	day := launch.In(zone)
	for days := -1; ; days++ { // yesterday's hour may still last, after a gap
		wall := time.Date(day.Year(), day.Month(), day.Day()+days, hour, 0, 0, 0, time.UTC)
		if at := Resolve(wall, zone); at.Add(time.Hour).After(launch) {
			return later(at, launch)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
