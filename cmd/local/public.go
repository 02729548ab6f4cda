package main

import (
	"fmt"
	"net/url"
	"strings"

	"notionrelay/functions/webhook/intake"
)

// publicURL is the address at which others reach the system, as links begin: a
// scheme and a host, in small letters and without the port that goes with the
// scheme, which is how browsers say it. It is empty where none is given.
func publicURL(given string) (string, error) {
	if given == "" {
		return "", nil
	}
	u, err := url.Parse(given)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || !intake.IsHost(u.Host):
		return "", fmt.Errorf("-url %q is no address such as https://relay.example.org", given)
	case u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("-url %q has more than a scheme and a host", given)
	}
	host := strings.ToLower(u.Host)
	if port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; port == ":"+u.Port() {
		host = strings.TrimSuffix(host, port)
	}
	return u.Scheme + "://" + host, nil
}

// isThisMachine tells whether an address leads to nowhere but the machine of
// whoever follows it, which names below localhost do as well (RFC 6761).
func isThisMachine(public string) bool {
	u, err := url.Parse(public)
	return public == "" || err == nil && (isLoopback(u.Host) || strings.HasSuffix(u.Hostname(), ".localhost"))
}
