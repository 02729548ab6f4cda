package notion

import "net/http"

// Wire is exported to a benchmark, which encodes what the client sends.
var Wire = wire

// TransportOf is what a client sends its requests with.
func TransportOf(c *Client) http.RoundTripper { return c.http.Transport.(*transport).base }
