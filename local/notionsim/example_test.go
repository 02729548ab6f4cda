package notionsim_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"notionrelay/local/notionsim"
)

func post(client *http.Client, path, body string) (*http.Response, error) {
	r, err := http.NewRequest(http.MethodPost, "https://api.notion.com"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer secret")
	r.Header.Set("Notion-Version", notionsim.Version)
	r.Header.Set("Content-Type", "application/json")
	return client.Do(r)
}

// A client of the Notion API talks to the simulator through its transport.
func Example() {
	sim, err := notionsim.Open(notionsim.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: sim.Transport()}
	resp, err := post(client, "/v1/pages", `{
		"parent": {"database_id": "`+sim.DatabaseID()+`"},
		"properties": {"Company": {"title": [{"text": {"content": "Acme"}}]}, "Contact Email": {"email": null}},
		"children": [{"paragraph": {"rich_text": [{"text": {"content": "Hello"}, "annotations": {"bold": true}}]}}]
	}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode)
	fmt.Print(sim.Tree())
	// Output:
	// 200
	// #1 database "Reports"
	//   icon 🗂️
	//   property "Company" title
	//   property "Contact Email" email
	//   property "Report Type" rich_text
	//   #2 page
	//     Company: "Acme"
	//     Contact Email: null
	//     Report Type: ""
	//     #3 paragraph rich_text="Hello"(bold)
}

// A fault makes the second page creation fail after it has been saved, as
// Notion sometimes does.
func ExampleSim_Inject() {
	sim, err := notionsim.Open(notionsim.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	sim.Inject(notionsim.Fault{Method: "POST", Path: "/v1/pages", Nth: 2, Status: http.StatusServiceUnavailable, After: true})
	client := &http.Client{Transport: sim.Transport()}
	for range 3 {
		resp, err := post(client, "/v1/pages", `{"parent": {"database_id": "`+sim.DatabaseID()+`"}, "properties": {}}`)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.StatusCode)
	}
	fmt.Println(strings.Count(sim.Tree(), " page\n"), "pages")
	// Output:
	// 200
	// 503
	// 200
	// 3 pages
}

// The edge gives up after ten seconds, while Notion goes on and saves the page
// after half a minute: a client that looks in between sees nothing.
func ExampleEdge() {
	sim, err := notionsim.Open(notionsim.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	f := notionsim.Edge(http.StatusGatewayTimeout)
	f.Delay, f.Late = 10*time.Millisecond, 30*time.Millisecond
	sim.Inject(f)
	resp, err := post(&http.Client{Transport: sim.Transport()}, "/v1/pages", `{"parent": {"database_id": "`+sim.DatabaseID()+`"}, "properties": {}}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode, resp.Header.Get("Content-Type"))
	for sim.Stats().Pending > 0 {
		runtime.Gosched()
	}
	fmt.Println(strings.Count(sim.Tree(), " page\n"), "page")
	// Output:
	// 504 text/html
	// 1 page
}
