package markdown_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/markdown"
)

// TestImages is the ways to write an image. Whether or not Notion takes it, its
// text and its address are on the page; only data is no address.
func TestImages(t *testing.T) {
	t.Parallel()
	const shown, linked = `image url="https://e.co/a.png" "Alt"`, `paragraph "Alt"+link(https://e.co/a.webp)`
	for _, test := range []struct{ source, want string }{
		{`![Alt](https://e.co/a.png)`, shown},
		{`![Alt](  https://e.co/a.png  )`, shown},
		{"![Alt](\nhttps://e.co/a.png\n)", shown},
		{`![Alt](<https://e.co/a.png>)`, shown},
		{`![Alt](https://e.co/a.png "A title")`, `image url="https://e.co/a.png" "Alt (A title)"`},
		{`![Alt](https://e.co/a.png "Alt")`, shown},
		{`![](https://e.co/a.png "A title")`, `image url="https://e.co/a.png" "A title"`},
		{`![](https://e.co/a.png)`, `image url="https://e.co/a.png"`},
		{`![Alt](<https://e.co/a b.png>)`, `image url="https://e.co/a%20b.png" "Alt"`},
		{`![Alt](https://e.co/ä.png)`, `image url="https://e.co/%C3%A4.png" "Alt"`},
		{`![Alt](https://e.co/a_(1).png)`, `image url="https://e.co/a_(1).png" "Alt"`},
		{`![Alt](https://e.co/a.PNG?x=1#y)`, `image url="https://e.co/a.PNG?x=1#y" "Alt"`},
		{`![Alt *text*](https://e.co/a.png)`, `image url="https://e.co/a.png" "Alt " "text"+italic`},
		{"![Alt][a]\n\n[a]: https://e.co/a.png", shown},
		{"![Alt][]\n\n[alt]: https://e.co/a.png", shown},
		{"![Alt]\n\n[alt]: <https://e.co/a.png> 'A title'", `image url="https://e.co/a.png" "Alt (A title)"`},
		{`![Alt](https://e.co/chart?c={type:'bar'})`, `paragraph "Alt"+link(https://e.co/chart?c=%7Btype:'bar'%7D)`},
		{`![](https://e.co/chart)`, `paragraph "https://e.co/chart"+link(https://e.co/chart)`},
		{`![Alt](https://e.co/a.webp)`, linked},
		{`![Alt](https://e.co/a.webp "A title")`, `paragraph "Alt (A title)"+link(https://e.co/a.webp)`},
		{`![Alt](data:image/png;base64,AAAA)`, `paragraph "Alt"`},
		{`![](data:image/png;base64,AAAA)`, ``},
		{`![Alt](img/a.png)`, `paragraph "Alt (img/a.png)"`},
		{`![](img/a.png)`, `paragraph "img/a.png"`},
		{`![a.png](a.png)`, `paragraph "a.png"`},
		{`![Alt](/a.png)`, `paragraph "Alt (/a.png)"`},
		{`![Alt](//e.co/a.png)`, `paragraph "Alt (//e.co/a.png)"`},
		{`![Alt](file:///a.png)`, `paragraph "Alt (file:///a.png)"`},
		{`![Alt](<my image.png>)`, `paragraph "Alt (my image.png)"`},
		{`![Alt](my image.png)`, `paragraph "![Alt](my image.png)"`},
		{`![Alt][nowhere]`, `paragraph "![Alt][nowhere]"`},
		{`![[a.png]]`, `paragraph "![[a.png]]"`},
		{`![Alt]()`, `paragraph "Alt"`},
		{`[![Alt](https://e.co/a.png)](https://e.co)`, `image url="https://e.co/a.png" "Alt"+link(https://e.co)`},
		{`[![](https://e.co/a.png)](https://e.co)`, `image url="https://e.co/a.png" "https://e.co"+link(https://e.co)`},
		{`[![Alt](https://e.co/a.png)](page.html)`, shown + "\nparagraph \"(page.html)\""},
		{`[![Alt](https://e.co/a.webp)](https://e.co)`, `paragraph "Alt"+link(https://e.co) " (https://e.co/a.webp)"+link(https://e.co/a.webp)`},
		{`[![Alt](https://e.co/a.webp)](https://e.co/a.webp)`, linked},
		{`[![](https://e.co/a.webp)](https://e.co)`, `paragraph "https://e.co"+link(https://e.co) " (https://e.co/a.webp)"+link(https://e.co/a.webp)`},
		{`[![Alt](a.png)](page.html)`, `paragraph "Alt (a.png) (page.html)"`},
		{`![Alt ![inner](https://e.co/i.png)](https://e.co/a.png)`, `image url="https://e.co/a.png" "Alt " "inner"+link(https://e.co/i.png)`},
		{`**![Alt](https://e.co/a.png)**`, shown + `+bold`},
		{`before ![Alt](https://e.co/a.png) behind`, "paragraph \"before\"\n" + shown + "\nparagraph \"behind\""},
		{`![Alt](https://e.co/a.png)![B](https://e.co/b.png)`, shown + "\nimage url=\"https://e.co/b.png\" \"B\""},
		{`# Heading ![Alt](https://e.co/a.png)`, "heading_1 \"Heading\"\n" + shown},
		{`# ![Alt](https://e.co/a.webp)`, `heading_1 "Alt"+link(https://e.co/a.webp)`},
		{`- ![Alt](https://e.co/a.png)`, "bulleted_list_item\n  " + shown},
		{`1. item ![Alt](https://e.co/a.webp)`, `numbered_list_item "item " "Alt"+link(https://e.co/a.webp)`},
		{`> ![Alt](https://e.co/a.png)`, "quote\n  " + shown},
		{"|a|\n|-|\n|![Alt](https://e.co/a.png)|", "table header=true\n  table_row | \"a\"\n  table_row | \"Alt\"+link(https://e.co/a.png)"},
		{"|a|\n|-|\n|![](https://e.co/a.png)|", "table header=true\n  table_row | \"a\"\n  table_row | \"https://e.co/a.png\"+link(https://e.co/a.png)"},
		{"|a|\n|-|\n|![Alt](a.png)|", "table header=true\n  table_row | \"a\"\n  table_row | \"Alt (a.png)\""},
		{"|a|\n|-|\n|[![Alt](https://e.co/a.png)](https://e.co)|", "table header=true\n  table_row | \"a\"\n  table_row | \"Alt\"+link(https://e.co) \" (https://e.co/a.png)\"+link(https://e.co/a.png)"},
		{"a[^1]\n\n[^1]: ![Alt](https://e.co/a.png)", "paragraph \"a[1]\"\ndivider\nparagraph \"[1]\"\n  " + shown},
		{`<img src="https://e.co/a.png" alt="Alt">`, shown},
		{`<IMG ALT=Alt SRC=https://e.co/a.png />`, shown},
		{"<img\n  src='https://e.co/a.png'\n  alt='Alt'\n/>", shown},
		{`<img src="https://e.co/a.png" alt="Alt &amp; more" title="A title">`, `image url="https://e.co/a.png" "Alt & more (A title)"`},
		{`<img src="https://e.co/a.png">`, `image url="https://e.co/a.png"`},
		{`<img src="https://e.co/a.webp" alt="Alt" width="100">`, linked},
		{`<img src="https://e.co/a.webp">`, `paragraph "https://e.co/a.webp"+link(https://e.co/a.webp)`},
		{`<img src="data:image/png;base64,AAAA" alt="Alt">`, `paragraph "Alt"`},
		{`<img src="a.png" alt="Alt">`, `paragraph "Alt (a.png)"`},
		{`<img srcset="https://e.co/a.png 1x, https://e.co/b.png 2x" alt="Alt">`, shown},
		{`<img data-src="https://e.co/a.png" alt="Alt">`, shown},
		{`<img alt="Alt">`, `paragraph "Alt"`},
		{`before <img src="https://e.co/a.png" alt="Alt"> behind`, "paragraph \"before\"\n" + shown + "\nparagraph \"behind\""},
		{"<p align=center>\n  <img src=\"https://e.co/a.png\" alt=\"Alt\">\n</p>", shown},
		{`<a href="https://e.co"><img src="https://e.co/a.png" alt="Alt"></a>`, shown + `+link(https://e.co)`},
		{`<a href="https://e.co"><img src="https://e.co/a.webp" alt="Alt"></a>`, `paragraph "Alt"+link(https://e.co) " (https://e.co/a.webp)"+link(https://e.co/a.webp)`},
		{`<figure><img src="https://e.co/a.png" alt="Alt"><figcaption>Caption</figcaption></figure>`, shown + "\nparagraph \"Caption\""},
		{"<picture>\n<source srcset=\"https://e.co/dark.png\" media=\"(prefers-color-scheme: dark)\">\n<img src=\"https://e.co/a.png\" alt=\"Alt\">\n</picture>", shown},
		{`<table><tr><td><img src="https://e.co/a.png" alt="Alt"></td></tr></table>`, "table header=false\n  table_row | \"Alt\"+link(https://e.co/a.png)"},
		{`- <img src="https://e.co/a.png" alt="Alt">`, "bulleted_list_item\n  " + shown},
	} {
		checkPlan(t, checkDocument(t, test.source))
		if diff := cmp.Diff(test.want, strings.TrimSuffix(outline(markdown.Blocks(test.source)), "\n")); diff != "" {
			t.Errorf("blocks of %q (-want +got):\n%s", test.source, diff)
		}
	}
}

// TestLinks is the addresses of links: Notion refuses some, and links without a
// text show nothing.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ source, want string }{
		{`[text](https://e.co/a)`, `paragraph "text"+link(https://e.co/a)`},
		{`[](https://e.co/a)`, `paragraph "https://e.co/a"+link(https://e.co/a)`},
		{`[text](mailto:a@e.co)`, `paragraph "text"+link(mailto:a@e.co)`},
		{`[text](tel:+1)`, `paragraph "text (tel:+1)"`},
		{`[text](/path "A title")`, `paragraph "text (/path)"`},
		{`[](/path)`, `paragraph "/path"`},
		{`[/path](/path)`, `paragraph "/path"`},
		{`[text](#section)`, `paragraph "text"`},
		{`[text]()`, `paragraph "text"`},
		{"[text][a]\n\n[a]: tel:+1", `paragraph "text (tel:+1)"`},
		{`<a href="https://e.co/a">text</a>`, `paragraph "text"+link(https://e.co/a)`},
		{`<a href="https://e.co/a"></a>`, `paragraph "https://e.co/a"+link(https://e.co/a)`},
		{`<a href="tel:+1">text</a>`, `paragraph "text (tel:+1)"`},
		{`<a href="#section">text</a>`, `paragraph "text"`},
		{`<a name="section">text</a>`, `paragraph "text"`},
		{`<tel:+1>`, `paragraph "tel:+1"`},
	} {
		checkPlan(t, checkDocument(t, test.source))
		if diff := cmp.Diff(test.want+"\n", outline(markdown.Blocks(test.source))); diff != "" {
			t.Errorf("blocks of %q (-want +got):\n%s", test.source, diff)
		}
	}
}
