package address

// Group is the domain group whose limits an address falls under: one name for
// all domains of the large mailbox providers, otherwise the domain itself.
func (a Address) Group() string {
	if group, ok := groups[a.domain]; ok {
		return group
	}
	return a.domain
}

// groups lists the consumer domains that their providers document as one service.
var groups = map[string]string{
	"gmail.com": "gmail", "googlemail.com": "gmail",
	"outlook.com": "outlook", "hotmail.com": "outlook", "live.com": "outlook", "msn.com": "outlook",
	"outlook.de": "outlook", "outlook.fr": "outlook", "outlook.es": "outlook",
	"hotmail.co.uk": "outlook", "hotmail.de": "outlook", "hotmail.fr": "outlook", "hotmail.es": "outlook",
	"live.de": "outlook", "live.fr": "outlook", "live.co.uk": "outlook",
	"yahoo.com": "yahoo", "ymail.com": "yahoo", "rocketmail.com": "yahoo", "aol.com": "yahoo",
	"yahoo.co.uk": "yahoo", "yahoo.de": "yahoo", "yahoo.fr": "yahoo", "yahoo.es": "yahoo",
	"icloud.com": "icloud", "me.com": "icloud", "mac.com": "icloud",
}
