package web

import "github.com/collabpulse/weekly/internal/digest"

// standing says where a digest stands and what comes next, in words.
type standing struct {
	Headline string
	Advice   string
	Tone     string // "calm", "act" when an editor is needed, or "good"
	Steps    []step
}

// step is one station on a digest's way.
type step struct {
	Name string
	Now  bool // it stands here
	Past bool
}

// Standing puts the state of a digest into words.
func (l listed) Standing() standing {
	s := l.inWords()
	at := map[digest.State]int{
		digest.Draft: 0, digest.Held: 0, digest.Approved: 1,
		digest.Sending: 2, digest.Paused: 2, digest.Sent: 3,
	}
	here, onItsWay := at[l.State]
	if !onItsWay {
		return s
	}
	for i, name := range []string{"Shape", "Approved", "Sending", "Sent"} {
		s.Steps = append(s.Steps, step{Name: name, Now: i == here, Past: i < here || l.State == digest.Sent})
	}
	return s
}

func (l listed) inWords() standing {
	switch l.State {
	case digest.Draft:
		return l.draftInWords()
	case digest.Approved:
		return l.approvedInWords()
	case digest.Sending:
		return standing{Headline: "It is going out.", Advice: "You need do nothing. Pausing stops it before the next message.", Tone: "calm"}
	case digest.Paused:
		return standing{Headline: "It is paused.", Advice: l.because("Resume it, or cancel what has not been sent."), Tone: "act"}
	case digest.Held:
		return l.heldInWords()
	case digest.Sent:
		return standing{Headline: "It went out.", Advice: "Everybody it was planned for is accounted for below.", Tone: "good"}
	case digest.Skipped:
		return standing{Headline: "It was skipped.", Advice: l.because("Compose one with an earlier date to send older stories."), Tone: "calm"}
	default:
		return standing{Headline: "It was cancelled.", Advice: l.because(""), Tone: "calm"}
	}
}

func (l listed) draftInWords() standing {
	s := standing{Headline: "It waits for your approval.", Tone: "act"}
	if l.SendAt.IsZero() {
		s.Advice = "Shape it, look at the preview, and approve it. Then choose a time or send it."
		return s
	}
	s.Advice = "Once approved it goes out " + l.Until() + ", " + l.sendTime() + "."
	return s
}

func (l listed) approvedInWords() standing {
	if l.SendAt.IsZero() {
		return standing{Headline: "It is approved, but has no time.", Advice: "Choose a time, or send it now. Changing anything takes the approval back.", Tone: "act"}
	}
	return standing{Headline: "It goes out " + l.Until() + ".", Tone: "good",
		Advice: "Planned for " + l.sendTime() + ". You need do nothing; changing anything takes the approval back."}
}

func (l listed) heldInWords() standing {
	advice := "Approve it to send it after all, or cancel it."
	if l.Hash != "" {
		advice = "Send it now after all, choose another time, or cancel it."
	}
	return standing{Headline: "It was held back.", Advice: l.because(advice), Tone: "act"}
}

// because puts the reason kept with the digest before a piece of advice.
func (l listed) because(advice string) string {
	if l.Reason == "" {
		return advice
	}
	if advice == "" {
		return l.Reason
	}
	return l.Reason + " " + advice
}

func (l listed) sendTime() string {
	return l.SendAt.In(l.zone).Format("Monday, 2 January at 15:04") + " (" + l.zone.String() + ")"
}
