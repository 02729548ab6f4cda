// Package httpclient makes the transport for services that are far away.
//
// Lambda freezes a process between two invocations. A connection that dies
// meanwhile looks alive when the process goes on: with HTTP/2 every request is
// then sent into it, one after the other, and each waits for its full timeout.
package httpclient

import (
	"net/http"
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
