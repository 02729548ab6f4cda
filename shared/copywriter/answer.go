package copywriter

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
)

// What an answer may be.
const (
	minTitleWords   = 3
	maxTitleWords   = 12
	maxTitle        = 120  // characters
	maxIntroduction = 4000 // characters
)

// quotationMarks are those of the languages that reports come in.
const quotationMarks = "\"“”„‟«»‹›`"

// complaint is what is wrong with an answer, in words that the model is told.
type complaint string

func (c complaint) Error() string { return string(c) }

func complain(format string, arguments ...any) error {
	return complaint(fmt.Sprintf(format, arguments...))
}

// readTitle takes a title from an answer. Models like to put it in quotation
// marks and to end it with a full stop; anything else that is no title is
// refused.
func readTitle(answer string) (string, error) {
	title := strings.TrimSpace(answer)
	title = strings.TrimSpace(strings.Trim(title, quotationMarks+"'‘’"))
	title = strings.TrimSuffix(title, ".")
	switch words := len(strings.Fields(title)); {
	case title == "":
		return "", complaint("it was empty")
	case strings.ContainsFunc(title, unicode.IsControl):
		return "", complaint("it had more than one line")
	case words < minTitleWords || words > maxTitleWords:
		return "", complain("it had %d words, and %d to %d are wanted", words, minTitleWords, maxTitleWords)
	case utf8.RuneCountInString(title) > maxTitle:
		return "", complain("it had %d characters, and %d are allowed", utf8.RuneCountInString(title), maxTitle)
	case strings.ContainsAny(title, quotationMarks):
		return "", complaint("it had quotation marks in it")
	case strings.ContainsAny(title, "*#_<>[]{}|\\") || strings.Contains(title, "://"):
		return "", complaint("it had markup in it")
	}
	return title, nil
}

// greeting is how a text begins that addresses its reader.
var greeting = regexp.MustCompile(`(?i)^\W*(hey|hi|hello|dear|greetings|good (morning|day|afternoon|evening))[ ,!]`)

// readIntroduction takes an introduction from an answer. It is shown to a
// client as if we had written it, so it is nothing but text in paragraphs and
// lists: a link or an image could only have come from the report's strangers.
func readIntroduction(answer string) (string, error) {
	text := strings.TrimSpace(answer)
	switch n := utf8.RuneCountInString(text); {
	case text == "":
		return "", complaint("it was empty")
	case n > maxIntroduction:
		return "", complain("it had %d characters, and %d are allowed", n, maxIntroduction)
	case greeting.MatchString(text):
		return "", complaint("it began with a greeting")
	}
	blocks := markdown.Blocks(text)
	if len(blocks) == 0 {
		return "", complaint("it was empty")
	}
	return text, plain(blocks)
}

// plain complains of the first block that is no paragraph or list item without
// links.
func plain(blocks []block.Block) error {
	for _, b := range blocks {
		switch b.Kind {
		case block.Paragraph, block.BulletedListItem, block.NumberedListItem:
		default:
			return complain("it had a %s in it, and only paragraphs and lists are wanted", strings.ReplaceAll(string(b.Kind), "_", " "))
		}
		for _, t := range b.Text {
			if t.Link != "" {
				return complaint("it had a link in it")
			}
		}
		if err := plain(b.Children); err != nil {
			return err
		}
	}
	return nil
}
