package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"notionrelay/shared/block"
	"notionrelay/shared/report"
)

// everyKind is what the pages of the report have to hold.
var everyKind = []block.Kind{
	block.Paragraph, block.Heading1, block.Heading2, block.Heading3, block.BulletedListItem, block.NumberedListItem, block.ToDo,
	block.Toggle, block.Quote, block.Callout, block.Code, block.Equation, block.Image, block.Divider, block.Table, block.TableRow,
	block.TableOfContents, block.ChildPage, block.ChildDatabase,
}

// everything is markdown that becomes every kind of block.
const everything = `[TOC]

# Heading 1
## Heading 2
### Heading 3

A paragraph with **bold**, *italic*, ~~struck~~, ` + "`code`" + `, <u>underlined</u> and [linked](https://example.com/a?b=c#d) text,
$e^{i\pi}+1=0$ in the line, an address <mailto:dana@example.com>, a [relative](other.md) link, and “quotes” – 🙂 ñ 日本語.

- bulleted
  - second level
    - third level
      - fourth level
        - fifth level
1. numbered
   1. second level
- [x] done
- [ ] to do

> quoted
> in two lines

> [!NOTE]
> A callout.

<details><summary>Toggle</summary>

Hidden text.

</details>

` + "```go\nfunc main() {}\n```\n\n```mermaid\ngraph TD; A-->B\n```" + `

$$
E = mc^2
$$

---

| Column | Number |
|---|---:|
| **bold** | 1 |
| [link](https://example.com) | 2 |

![A picture](https://www.example.com/picture.png)

![A chart without an extension](https://quickchart.io/chart?c={})
`

// payload is the report that is sent. Its company is named for the token, so
// that a person who finds it in Notion knows what it is.
func payload(token string) []byte {
	var long strings.Builder
	for i := range 230 {
		fmt.Fprintf(&long, "Paragraph %d.\n\n", i)
	}
	var quotes []report.Quote
	for i := range 12 {
		quotes = append(quotes, report.Quote{
			Text: fmt.Sprintf("Quote %d says “that”.", i), Category: "pain point", Sentiment: "negative", Theme: fmt.Sprintf("theme %d", i%3),
			URL: fmt.Sprintf("https://example.com/%d", i), Subreddit: "cooking", Justification: "It says so.",
		})
	}
	body, err := json.Marshal(map[string]any{
		"runId": "smoke-" + token, "email": "smoke@smoke-" + token + ".example",
		"strategyReport": everything, "comprehensiveReport": long.String(), "quotes": quotes,
	})
	if err != nil {
		panic(err) // texts and numbers can be encoded
	}
	return body
}
