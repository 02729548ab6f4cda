package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Auth knows who may send reports and who may read their status.
type Auth struct {
	secrets   [][sha256.Size]byte
	verifiers []*standardwebhooks.Webhook
	statusKey []byte
}

// NewAuth takes the secrets of callers and the key of the status links. A
// secret is a bearer token and the key of Standard Webhooks signatures; one
// written whsec_<base64> signs with the decoded bytes. Without any secret
// everything is allowed: that is for one machine on its loopback address.
func NewAuth(secrets []string, statusKey string) (*Auth, error) {
	a := &Auth{statusKey: []byte(statusKey)}
	for i, secret := range secrets {
		if secret = strings.TrimSpace(secret); secret == "" {
			continue
		}
		verifier, err := verifierOf(secret)
		if err != nil {
			return nil, fmt.Errorf("read webhook secret %d of %d: %w", i+1, len(secrets), err)
		}
		a.secrets = append(a.secrets, sha256.Sum256([]byte(secret)))
		a.verifiers = append(a.verifiers, verifier)
	}
	return a, nil
}

func verifierOf(secret string) (*standardwebhooks.Webhook, error) {
	if strings.HasPrefix(secret, "whsec_") {
		return standardwebhooks.NewWebhook(secret)
	}
	return standardwebhooks.NewWebhookRaw([]byte(secret))
}

// Open tells that there is no secret and everything is allowed.
func (a *Auth) Open() bool { return len(a.secrets) == 0 }

// Asks tells whether a request carries a valid secret or any signature. Whether
// the signature is valid can be told only with the body.
func (a *Auth) Asks(header http.Header) bool {
	return header.Get(standardwebhooks.HeaderWebhookSignature) != "" || a.Caller(header, nil)
}

// Caller tells whether a request carries a secret, or a signature over exactly
// these bytes.
func (a *Auth) Caller(header http.Header, body []byte) bool {
	if a.Open() {
		return true
	}
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	// Every comparison is made, so that time tells nothing about which fits.
	return a.secret(token)|a.secret(header.Get("X-Api-Key"))|a.signature(header, body) == 1
}

// Reader tells whether a request may see the status of a report: a caller, or
// a person with the link.
func (a *Auth) Reader(header http.Header, reportID, token string) bool {
	valid := len(a.statusKey) > 0 && hmac.Equal([]byte(token), []byte(a.statusToken(reportID)))
	return a.Caller(header, nil) || valid
}

// statusQuery is what a report's status link ends with.
func (a *Auth) statusQuery(reportID string) string {
	if a.Open() || len(a.statusKey) == 0 {
		return ""
	}
	return "?token=" + a.statusToken(reportID)
}

func (a *Auth) statusToken(reportID string) string {
	mac := hmac.New(sha256.New, a.statusKey)
	mac.Write([]byte("status:" + reportID))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

func (a *Auth) secret(given string) int {
	hashed := sha256.Sum256([]byte(strings.TrimSpace(given)))
	found := 0
	for _, secret := range a.secrets {
		found |= subtle.ConstantTimeCompare(hashed[:], secret[:])
	}
	return found
}

func (a *Auth) signature(header http.Header, body []byte) int {
	signed := http.Header{}
	for _, name := range []string{standardwebhooks.HeaderWebhookID, standardwebhooks.HeaderWebhookTimestamp, standardwebhooks.HeaderWebhookSignature} {
		signed.Set(name, header.Get(name))
	}
	found := 0
	for _, verifier := range a.verifiers {
		if verifier.Verify(body, signed) == nil {
			found = 1
		}
	}
	return found
}
