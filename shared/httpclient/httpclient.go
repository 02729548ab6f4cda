// Package httpclient makes the transport for services that are far away.
//
// Lambda freezes a process between two invocations. A connection that dies
// meanwhile looks alive when the process goes on: with HTTP/2 every request is
// then sent into it, one after the other, and each waits for its full timeout.
package httpclient

import (
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// Transport is a copy of the default transport that notices broken connections:
// one that says nothing for a while is pinged (HTTP/2), and one that lay idle
// is not used again (HTTP/1.1).
func Transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.IdleConnTimeout = idle
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: silence, PingTimeout: pong}
	return t
}

const (
	idle    = 30 * time.Second // a load balancer may close what is idle for a minute
	silence = 5 * time.Second  // until the other side is asked whether it is there
	pong    = 5 * time.Second  // until it has to say so
)

// UserAgent names this program, and what it was built from. The edge of a
// service may block programs that do not say who they are.
var UserAgent = "notion-relay/" + buildVersion()

func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return strings.Trim(info.Main.Version, "()") // (devel) outside of a checkout
	}
	return "unknown"
}
