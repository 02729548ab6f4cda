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
	h := sha256.New()
	for _, field := range []string{p.RunID, p.AccountID, p.Email} {
		hashField(h, []byte(field))
	}
	for _, k := range Kinds { // a kind that is not there leaves no trace, so that a new kind changes no fingerprint
		if markdown := p.Reports[k.Field]; markdown != "" {
			hashField(h, []byte(k.Field))
			hashField(h, []byte(markdown))
		}
	}
	for _, q := range p.Quotes {
		score := "none"
		if q.RelevanceScore != nil {
			score = strconv.FormatFloat(*q.RelevanceScore, 'g', -1, 64)
		}
		for _, field := range []string{q.Text, q.Category, q.Sentiment, q.Theme, score, q.Justification, q.URL, q.Subreddit, q.PostID, q.Date} {
			hashField(h, []byte(field))
		}
	}
	return encode(h)
}

// ID is the identity under which a payload is recorded: of its idempotency key
// if the caller sent one, else of its content.
func ID(idempotencyKey, fingerprint string) string {
	h := sha256.New()
	if idempotencyKey != "" {
		hashField(h, []byte("key"))
		hashField(h, []byte(idempotencyKey))
	} else {
		hashField(h, []byte("content"))
		hashField(h, []byte(fingerprint))
	}
	return idPrefix + encode(h)
}

const idPrefix = "rep_"

// IsID tells whether s looks like an identity that ID makes.
func IsID(s string) bool {
	rest, ok := strings.CutPrefix(s, idPrefix)
	return ok && len(rest) == encoding.EncodedLen(idBytes) && strings.Trim(rest, idAlphabet) == ""
}

// hashField writes the length before the bytes, so that no two different
// sequences of fields hash alike.
func hashField(h hash.Hash, field []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(field)))
	h.Write(length[:])
	h.Write(field)
}

const (
	idBytes    = 16 // 128 bits: enough that no two reports ever meet, short enough for a URL
	idAlphabet = "0123456789abcdefghijklmnopqrstuv"
)

var encoding = base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding)

func encode(h hash.Hash) string { return encoding.EncodeToString(h.Sum(nil)[:idBytes]) }
