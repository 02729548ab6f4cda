package quotes_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"notionrelay/shared/quotes"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"plain prose", "I would pay for that.", "I would pay for that."},
		{"space around", "\n  fine \t", "fine"},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},

		{"fragment of a production row", ">Interest in a niche</indicator>\n  <indicator is_question_relevant=", "Interest in a niche"},
		{"tag with a value", `<indicator is_question_relevant="true">Interest</indicator>`, "Interest"},
		{"tag with a quoted bracket", `<q a="x>y">Interest</q>`, "Interest"},
		{"closed tag", "<quote>I love it</quote>", "I love it"},
		{"closed tag in other letters", "<Quote>I love it</QUOTE>", "I love it"},
		{"name with an underscore", "<user_quote>I love it", "I love it"},
		{"self-closing tag", "one<sep/>two", "one two"},
		{"comment", "one <!-- said by x --> two", "one  two"},
		{"line break", "one<br>two", "one two"},
		{"paragraphs", "<p>One.</p><p>Two.</p>", "One. Two."},
		{"emphasis inside of a word", "un<b>believ</b>able", "unbelievable"},
		{"tag in a tag", "a<in</b>dicator_x>b", "a b"},
		{"end in a value", `I love it <x a="1" b='never closed`, "I love it"},
		{"end in a closing name", "I love it</indi", "I love it"},
		{"two broken ends", "I love it <x a= <y b=", "I love it"},
		{"start with the rest of a tag", `relevant="yes" kind='a'>I love it`, "I love it"},
		{"quotation by Reddit", ">>I love it", "I love it"},
		{"only markup", "></indicator>\n <indicator a=", ""},

		{"comparison stays", "a < b and c > d", "a < b and c > d"},
		{"comparison without space stays", "if a <b and c> d", "if a <b and c> d"},
		{"comparison at the end stays", "I mean a <b", "I mean a <b"},
		{"number at the start stays", ">50% of them left", ">50% of them left"},
		{"number behind a space stays", "> 50% of them left", "> 50% of them left"},
		{"formula at the start stays", "p=0.05>0.01", "p=0.05>0.01"},
		{"hearts stay", "I <3 this </3", "I <3 this </3"},
		{"arrow stays", "input -> output => done", "input -> output => done"},
		{"faces stay", ">:( >_< <_<", ">:( >_< <_<"},
		{"generic type stays", "List<String> is fine", "List<String> is fine"},
		{"placeholder stays", "Hello <name>, welcome", "Hello <name>, welcome"},
		{"address stays", "see <https://example.com/a>", "see <https://example.com/a>"},
		{"entities stay", "R&amp;D &lt;3", "R&amp;D &lt;3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := quotes.Clean(tt.text); got != tt.want {
				t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestCleanRowsFromProduction(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../testdata/quote-rows.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	want := []string{"Wants a pan that fits a small stove", "Home cook comparing lids after a burn"}
	for i, row := range rows {
		if got := quotes.Clean(row.Text); got != want[i] {
			t.Errorf("row %d: got %q, want %q", i, got, want[i])
		}
	}
}

func TestCleanIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once := quotes.Clean(markup().Draw(t, "text"))
		if twice := quotes.Clean(once); twice != once {
			t.Errorf("got %q, then %q", once, twice)
		}
	})
}

func TestCleanKeepsTextWithoutBrackets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.NewReplacer("<", "", ">", "").Replace(markup().Draw(t, "text") + rapid.String().Draw(t, "more"))
		if got, want := quotes.Clean(text), strings.TrimSpace(text); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// markup draws texts out of the pieces that tags are made of, in which mistakes
// of a cleaner are likelier than in random letters.
func markup() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{"<", ">", "</", "/>", "b", "p", "indicator", "x_y", " ", "\n", "=", `"`, "'", `a="1"`, "c=2", "<!--", "-->", "word", "3", "é", "."})
	return rapid.Map(rapid.SliceOfN(piece, 0, 24), func(pieces []string) string { return strings.Join(pieces, "") })
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "a < b", "</x", ">x</y>\n<y z=", `<<b>b a="">`, "<!-- -->", "a=\"b\">c", "\xff<"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := quotes.Clean(text)
		if !utf8.ValidString(once) {
			t.Errorf("got %q, which is not UTF-8", once)
		}
		if twice := quotes.Clean(once); twice != once {
			t.Errorf("got %q, then %q", once, twice)
		}
		if utf8.ValidString(text) && !strings.ContainsAny(text, "<>") && once != strings.TrimSpace(text) {
			t.Errorf("got %q from %q", once, text)
		}
	})
}

func BenchmarkCleanHostile(b *testing.B) {
	for name, piece := range map[string]string{"opening": "<", "closing": ">", "nested": "<<b>b>", "rests": `a="b">`, "ends": `<a b="`} {
		b.Run(name, func(b *testing.B) {
			text := strings.Repeat(piece, 1<<20/len(piece))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				quotes.Clean(text)
			}
		})
	}
}
