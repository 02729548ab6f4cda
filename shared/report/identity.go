package report

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"
	"strconv"
	"strings"
)

// Fingerprint is a hash of what makes a payload that payload: runId,
// accountId, email, the reports and the quotes. Metadata does not count,
// since a flow stamps it anew with every send.
func (p Payload) Fingerprint() string {
	h := newFields()
	for _, field := range []string{p.RunID, p.AccountID, p.Email} {
		h.add(field)
	}
	for _, k := range Kinds { // a kind that is not there leaves no trace, so that a new kind changes no fingerprint
		if markdown := p.Reports[k.Field]; markdown != "" {
			h.add(k.Field)
			h.add(markdown)
		}
	}
	for _, q := range p.Quotes {
		score := "none"
		if q.RelevanceScore != nil {
			score = strconv.FormatFloat(*q.RelevanceScore, 'g', -1, 64)
		}
		for _, field := range []string{q.Text, q.Category, q.Sentiment, q.Theme, score, q.Justification, q.URL, q.Subreddit, q.PostID, q.Date} {
			h.add(field)
		}
	}
	return h.encode()
}

// ID is the identity under which a payload is recorded: of its idempotency key
// if the caller sent one, else of its content.
func ID(idempotencyKey, fingerprint string) string {
	h := newFields()
	if idempotencyKey != "" {
		h.add("key")
		h.add(idempotencyKey)
	} else {
		h.add("content")
		h.add(fingerprint)
	}
	return idPrefix + h.encode()
}

const idPrefix = "rep_"

// IsID tells whether s looks like an identity that ID makes.
func IsID(s string) bool {
	rest, ok := strings.CutPrefix(s, idPrefix)
	return ok && len(rest) == encoding.EncodedLen(idBytes) && strings.Trim(rest, idAlphabet) == ""
}

// fields is a hash of texts.
type fields struct {
	hash.Hash

	part [512]byte // of a text, on its way into the hash
}

func newFields() *fields { return &fields{Hash: sha256.New()} }

// add writes the length before the bytes, so that no two different sequences of
// fields hash alike.
func (f *fields) add(text string) {
	binary.BigEndian.PutUint64(f.part[:8], uint64(len(text)))
	_, _ = f.Write(f.part[:8]) // a hash takes everything
	for len(text) > 0 {
		n := copy(f.part[:], text)
		_, _ = f.Write(f.part[:n])
		text = text[n:]
	}
}

const (
	idBytes    = 16 // 128 bits: enough that no two reports ever meet, short enough for a URL
	idAlphabet = "0123456789abcdefghijklmnopqrstuv"
)

var encoding = base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding)

func (f *fields) encode() string { return encoding.EncodeToString(f.Sum(nil)[:idBytes]) }
