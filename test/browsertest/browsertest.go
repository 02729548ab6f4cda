// Package browsertest shows pages to a headless Chromium as people see them: in
// light and dark, on a desk and a phone, with and without script. Chromium is
// driven through its debugging pipe (https://chromedevtools.github.io/devtools-protocol).
package browsertest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience is how long a browser may live: a page that never loads fails its
// test and not the whole run.
const patience = 3 * time.Minute

// Browser is a running Chromium. One goroutine has it.
type Browser struct {
	tb      testing.TB
	command *exec.Cmd
	to      *os.File
	from    *bufio.Reader
	sent    int
	stderr  bytes.Buffer
}

// Start starts a browser that ends with the test.
func Start(tb testing.TB) *Browser {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), patience) // it ends after the test
	b := &Browser{tb: tb, command: exec.CommandContext(ctx, "chromium",               //nolint:gosec // with a folder of the test's
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--font-render-hinting=none",
		"--user-data-dir="+tb.TempDir(), "--remote-debugging-pipe")}
	itsInput, to, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	from, itsOutput, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	b.command.ExtraFiles = []*os.File{itsInput, itsOutput} // 3 and 4, where Chromium looks for them
	b.command.Stderr = &b.stderr
	b.to, b.from = to, bufio.NewReader(from)
	if err := b.command.Start(); err != nil {
		tb.Fatal(err)
	}
	_, _ = itsInput.Close(), itsOutput.Close()
	tb.Cleanup(func() {
		b.call("", "Browser.close", nil)
		_ = b.command.Wait() // it ended because it was told to
		_, _ = to.Close(), from.Close()
		cancel()
	})
	return b
}

// message is one that Chromium sends: the answer to a call, or an event.
type message struct {
	ID        int             `json:"id"`
	SessionID string          `json:"sessionId"`
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	Result    json.RawMessage `json:"result"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// call calls a method of Chromium, in a tab's session or in none, and returns its
// result. What happens meanwhile goes to hear, if there is one.
func (b *Browser) call(session, method string, params any, hear ...func(message)) json.RawMessage {
	b.tb.Helper()
	b.sent++
	request, err := json.Marshal(map[string]any{"id": b.sent, "method": method, "params": params})
	if session != "" {
		request, err = json.Marshal(map[string]any{"id": b.sent, "sessionId": session, "method": method, "params": params})
	}
	if err != nil {
		b.tb.Fatal(err)
	}
	if _, err := b.to.Write(append(request, 0)); err != nil {
		b.tb.Fatalf("%s: %v\n%s", method, err, b.stderr.Bytes())
	}
	for {
		m := b.next(method)
		if m.ID != b.sent {
			for _, h := range hear {
				h(m)
			}
			continue
		}
		if m.Error != nil {
			b.tb.Fatalf("%s %s: %s", method, request, m.Error.Message)
		}
		return m.Result
	}
}

// next is Chromium's next message.
func (b *Browser) next(waitingFor string) message {
	b.tb.Helper()
	var m message
	sent, err := b.from.ReadBytes(0)
	if err == nil {
		err = json.Unmarshal(sent[:len(sent)-1], &m)
	}
	if err != nil {
		b.tb.Fatalf("%s: %v\n%s", waitingFor, err, b.stderr.Bytes())
	}
	return m
}

// Look is how a page is looked at. The zero one is a desk's, in light.
type Look struct {
	Width, Height int // of the window; 1280 and 900 when zero
	Dark          bool
	Print         bool
	NoScript      bool
	Cookie        string // name=value, sent to the page's site
}

// String names a look, as phone-dark.
func (l Look) String() string {
	name := "desk"
	if l.Width > 0 && l.Width < 600 {
		name = "phone"
	}
	for _, is := range []struct {
		so   bool
		name string
	}{{l.Dark, "dark"}, {!l.Dark, "light"}, {l.Print, "print"}, {l.NoScript, "noscript"}} {
		if is.so {
			name += "-" + is.name
		}
	}
	return name
}

// Tab is an open page.
type Tab struct {
	*Browser

	target, session string
	// Complaints are what the browser has said against the page: errors of its
	// scripts, and what its policy did not allow.
	Complaints []string
}

// Open opens a page in a tab of its own and returns once it is loaded. The browser
// is in India and speaks English.
func (b *Browser) Open(url string, look Look) *Tab {
	b.tb.Helper()
	var created struct{ TargetID string }
	b.read(b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}), &created)
	var attached struct{ SessionID string }
	b.read(b.call("", "Target.attachToTarget", map[string]any{"targetId": created.TargetID, "flatten": true}), &attached)
	t := &Tab{Browser: b, target: created.TargetID, session: attached.SessionID}
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		t.call(domain+".enable", nil)
	}
	t.look(url, look)
	t.Load(url)
	return t
}

func (t *Tab) look(url string, look Look) {
	t.tb.Helper()
	look.Width, look.Height = cmp.Or(look.Width, 1280), cmp.Or(look.Height, 900)
	scheme, media := "light", ""
	if look.Dark {
		scheme = "dark"
	}
	if look.Print {
		media = "print"
	}
	type object = map[string]any
	t.call("Emulation.setDeviceMetricsOverride", object{"width": look.Width, "height": look.Height, "deviceScaleFactor": 1, "mobile": false})
	t.call("Emulation.setEmulatedMedia", object{"media": media, "features": []object{{"name": "prefers-color-scheme", "value": scheme}}})
	t.call("Emulation.setTimezoneOverride", object{"timezoneId": "Asia/Kolkata"})
	t.call("Emulation.setLocaleOverride", object{"locale": "en_US"})
	t.call("Emulation.setScriptExecutionDisabled", object{"value": look.NoScript})
	if name, value, ok := strings.Cut(look.Cookie, "="); ok {
		t.call("Network.setCookie", object{"name": name, "value": value, "url": url})
	}
}

// Load goes to an address in the tab and returns once its page is loaded.
func (t *Tab) Load(url string) {
	t.tb.Helper()
	var gone struct{ ErrorText string }
	loaded := false
	t.read(t.Browser.call(t.session, "Page.navigate", map[string]any{"url": url}, func(m message) {
		t.hear(m)
		loaded = loaded || m.Method == "Page.loadEventFired"
	}), &gone)
	if gone.ErrorText != "" {
		t.tb.Fatalf("%s: %s", url, gone.ErrorText)
	}
	if !loaded {
		t.Reloaded()
	}
}

// Reloaded returns once a page is loaded that the tab goes to by itself.
func (t *Tab) Reloaded() {
	t.tb.Helper()
	for {
		m := t.next("loading a page")
		t.hear(m)
		if m.SessionID == t.session && m.Method == "Page.loadEventFired" {
			return
		}
	}
}

func (t *Tab) call(method string, params any) json.RawMessage {
	t.tb.Helper()
	return t.Browser.call(t.session, method, params, t.hear)
}

// hear keeps what the browser complains of. That a page is an error's is none.
func (t *Tab) hear(m message) {
	if m.SessionID != t.session {
		return
	}
	var said struct {
		Entry struct {
			Level  string `json:"level"`
			Source string `json:"source"`
			Text   string `json:"text"`
		} `json:"entry"`
		ExceptionDetails struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	if json.Unmarshal(m.Params, &said) != nil {
		return
	}
	switch {
	case m.Method == "Log.entryAdded" && said.Entry.Level == "error" && said.Entry.Source != "network":
		t.Complaints = append(t.Complaints, said.Entry.Text)
	case m.Method == "Runtime.exceptionThrown":
		t.Complaints = append(t.Complaints, said.ExceptionDetails.Text)
	}
}

func (b *Browser) read(result json.RawMessage, into any) {
	b.tb.Helper()
	if err := json.Unmarshal(result, into); err != nil {
		b.tb.Fatalf("%v in %s", err, result)
	}
}

// Evaluate reads the value of an expression of JavaScript, or what it promises.
func (t *Tab) Evaluate(expression string, into any) {
	t.tb.Helper()
	var evaluated struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	t.read(t.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}), &evaluated)
	if e := evaluated.ExceptionDetails; e != nil {
		t.tb.Fatalf("evaluate: %s", e.Exception.Description)
	}
	if into != nil {
		t.read(evaluated.Result.Value, into)
	}
}

// Text is what a reader sees of the page, in one line.
func (t *Tab) Text() string {
	t.tb.Helper()
	var text string
	t.Evaluate("document.body.innerText", &text)
	return strings.Join(strings.Fields(text), " ")
}

// HTML is the page as it is now.
func (t *Tab) HTML() string {
	t.tb.Helper()
	var html string
	t.Evaluate("document.documentElement.outerHTML", &html)
	return html
}

// Until waits until an expression of JavaScript is true.
func (t *Tab) Until(expression string) {
	t.tb.Helper()
	t.Evaluate(`new Promise(done => { const look = () => (`+expression+`) ? done(true) : setTimeout(look, 20); look(); })`, nil)
}

// Press presses a key and lets it go.
func (t *Tab) Press(key string) {
	t.tb.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13}
	text := ""
	if key == "Enter" {
		text = "\r"
	}
	for _, kind := range []string{"keyDown", "keyUp"} {
		event := map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
		if kind == "keyDown" && text != "" {
			event["text"] = text
		}
		t.call("Input.dispatchKeyEvent", event)
	}
}

func (t *Tab) close() {
	t.tb.Helper()
	t.Browser.call("", "Target.closeTarget", map[string]any{"targetId": t.target})
}

// Picture is the page as a small PNG, as much of it as the window shows.
func (t *Tab) Picture() []byte {
	t.tb.Helper()
	return shrink(t.tb, t.capture())
}

func (t *Tab) capture() []byte {
	t.tb.Helper()
	var taken struct{ Data []byte }
	t.read(t.call("Page.captureScreenshot", map[string]any{"format": "png"}), &taken)
	return taken.Data
}
