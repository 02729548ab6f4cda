package report

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Titles and icons that do not depend on the report.
const (
	HomepageIcon  = "📊"
	QuotesIcon    = "💬"
	standardTitle = "Market Research Analysis"
)

// maxTitle is Notion's limit for one text, in UTF-16 units.
const maxTitle = 2000

// freeMail lists the domains of mailbox providers: who writes from there says
// nothing about a company.
var freeMail = map[string]bool{
	"aol.com": true, "fastmail.com": true, "gmail.com": true, "gmx.com": true, "gmx.de": true, "gmx.net": true,
	"googlemail.com": true, "hey.com": true, "hotmail.co.uk": true, "hotmail.com": true, "hotmail.fr": true,
	"icloud.com": true, "live.com": true, "mac.com": true, "mail.com": true, "mail.ru": true, "me.com": true,
	"msn.com": true, "outlook.com": true, "pm.me": true, "proton.me": true, "protonmail.com": true, "qq.com": true,
	"t-online.de": true, "web.de": true, "yahoo.co.uk": true, "yahoo.com": true, "yahoo.de": true, "yahoo.fr": true,
	"yandex.com": true, "yandex.ru": true, "ymail.com": true, "zoho.com": true, "163.com": true, "126.com": true,
}

// Subject is whom a report is for and what it is, as its pages say it.
type Subject struct {
	Company string `json:"company"`
	Contact string `json:"contact"`
	Type    string `json:"type"`

	// What is known of the company where it has an account; else empty.
	Industry    string `json:"industry,omitempty"`
	Website     string `json:"website,omitempty"`
	Description string `json:"description,omitempty"`
}

// Statistics is the size of the research behind a report.
type Statistics struct {
	Posts  int `json:"posts"`
	Quotes int `json:"quotes"` // as they are stored, duplicates included
}

// Subject derives what the pages say from the payload alone.
func (p Payload) Subject() Subject {
	return Subject{Company: companyFromEmail(p.Email), Contact: contactFromEmail(p.Email), Type: p.Metadata.reportType()}
}

// RowTitle is the title of the report's row in the reports database.
func (s Subject) RowTitle(accepted time.Time) string {
	return clip(s.Company + " " + s.Type + " Report - " + accepted.UTC().Format("01/02/2006"))
}

// HomepageTitle is the homepage's title until there is a better one.
func (s Subject) HomepageTitle() string { return clip(s.Company + " " + standardTitle) }

// DocumentTitle is the title of a report's page.
func (s Subject) DocumentTitle(d Document) string { return clip(s.Company + " - " + d.Title) }

// QuotesTitle is the title of the run's quotes database.
func (s Subject) QuotesTitle() string { return clip(s.Company + " - Quotes Database") }

func (m Metadata) reportType() string {
	if t := strings.TrimSpace(m.ReportType); t != "" {
		return clip(t)
	}
	if words := strings.Fields(strings.ReplaceAll(m.AnalysisType, "-", " ")); len(words) > 0 {
		return clip(capitalised(words))
	}
	return "Market Research"
}

func companyFromEmail(email string) string {
	_, domain, _ := strings.Cut(email, "@")
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	if registrable, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		domain = registrable
	}
	if domain == "" || freeMail[domain] {
		return "Client"
	}
	label, _, _ := strings.Cut(domain, ".")
	if readable, err := idna.ToUnicode(label); err == nil {
		label = readable
	}
	words := strings.FieldsFunc(label, func(r rune) bool { return r == '-' || r == '_' })
	for i := 1; i < len(words)-1; i++ {
		if words[i] == "and" {
			words[i] = "&"
		}
	}
	if len(words) == 0 {
		return "Client"
	}
	return capitalised(words)
}

func contactFromEmail(email string) string {
	local, _, _ := strings.Cut(email, "@")
	if local == "" {
		return "there"
	}
	return capitalised([]string{local})
}

func capitalised(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		out[i] = string(unicode.ToUpper(first)) + w[size:]
	}
	return strings.Join(out, " ")
}

// clip trims a title and cuts what Notion would refuse.
func clip(s string) string {
	s = strings.TrimSpace(s)
	units := 0
	for i, r := range s {
		if units += utf16Len(r); units > maxTitle {
			return s[:i]
		}
	}
	return s
}

func utf16Len(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}
