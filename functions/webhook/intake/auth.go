package intake

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Auth knows who may send reports and who may read their status.
type Auth struct {
	secrets    [][sha256.Size]byte
	verifiers  []*standardwebhooks.Webhook
	statusKeys []statusKey // the first one signs, all verify
}

// minSecret is how long a secret must be: characters, or the bytes that a
// whsec_ one stands for.
const minSecret = 16

// NewAuth takes the secrets of callers and the keys of the status links, which
// are separated by commas. A secret is a bearer token and the key of Standard
// Webhooks signatures; one written whsec_<base64> signs with the decoded bytes.
// The first key signs and all verify, so that keys can be changed while links
// are about; without any the secrets take their place. Blank secrets count for
// nothing, unless there are several and no other. Without any secret everything is
// allowed: that is for one machine on its loopback address.
//
// The error tells which secrets and keys are wrong, by their numbers.
func NewAuth(secrets []string, statusKeys string) (*Auth, error) {
	a := &Auth{}
	var problems []error
	for i, secret := range secrets {
		if secret = strings.TrimSpace(secret); secret == "" {
			continue
		}
		key, err := signingKey(secret)
		if err != nil {
			problems = append(problems, fmt.Errorf("webhook secret %d of %d %w", i+1, len(secrets), err))
			continue
		}
		verifier, err := standardwebhooks.NewWebhookRaw(key)
		if err != nil {
			return nil, fmt.Errorf("use webhook secret %d of %d: %w", i+1, len(secrets), err)
		}
		a.secrets = append(a.secrets, sha256.Sum256([]byte(secret)))
		a.verifiers = append(a.verifiers, verifier)
	}
	if len(secrets) > 1 && a.Open() && len(problems) == 0 { // as "$A,$B" is where neither is set
		problems = append(problems, fmt.Errorf("all %d secrets in WEBHOOK_SECRETS are blank", len(secrets)))
	}
	keys := strings.Split(statusKeys, ",")
	for i, key := range keys {
		switch key = strings.TrimSpace(key); {
		case key == "":
		case utf8.RuneCountInString(key) < minSecret:
			problems = append(problems, fmt.Errorf("status token key %d of %d %w", i+1, len(keys), errTooShort))
		default:
			a.statusKeys = append(a.statusKeys, newStatusKey([]byte(key)))
		}
	}
	if len(a.statusKeys) == 0 {
		for _, secret := range a.secrets {
			a.statusKeys = append(a.statusKeys, newStatusKey(secret[:]))
		}
	}
	return a, errors.Join(problems...)
}

var (
	errTooShort = fmt.Errorf("is shorter than %d characters", minSecret)
	errNoBase64 = errors.New("is no base64 behind whsec_")
	errFewBytes = fmt.Errorf("stands for fewer than %d bytes", minSecret)
)

// signingKey is what a secret signs with.
func signingKey(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, "whsec_")
	if !ok {
		if utf8.RuneCountInString(secret) < minSecret {
			return nil, errTooShort
		}
		return []byte(secret), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	switch {
	case err != nil:
		return nil, errNoBase64
	case len(key) < minSecret:
		return nil, errFewBytes
	}
	return key, nil
}

// Open tells that there is no secret and everything is allowed.
func (a *Auth) Open() bool { return len(a.secrets) == 0 }

// asks tells from its headers whether a request carries a secret, or what may
// be a signature: that only the body can prove.
func (a *Auth) asks(header http.Header) bool {
	seconds, err := strconv.ParseInt(single(header, standardwebhooks.HeaderWebhookTimestamp), 10, 64)
	fresh := err == nil && time.Since(time.Unix(seconds, 0)).Abs() <= tolerance
	return a.Knows(header) || fresh && single(header, standardwebhooks.HeaderWebhookID) != "" && single(header, standardwebhooks.HeaderWebhookSignature) != ""
}

// single is the value of a header that decides something. One that is there twice
// has none: what is between a caller and us may read the other one, and API
// Gateway makes one of both.
func single(header http.Header, name string) string {
	if values := header.Values(name); len(values) == 1 {
		return values[0]
	}
	return ""
}

// claimsToBeKnown tells whether a request carries a secret or a signature of
// some kind, if a wrong one.
func claimsToBeKnown(header http.Header) bool {
	return cmp.Or(header.Get("Authorization"), header.Get("X-Api-Key"), header.Get(standardwebhooks.HeaderWebhookSignature)) != ""
}

// tolerance is how old a signature may be; a second more than standardwebhooks
// allows, which decides.
const tolerance = 5*time.Minute + time.Second

// Knows tells whether a request carries a secret, which all do that need none.
func (a *Auth) Knows(header http.Header) bool {
	if a.Open() {
		return true
	}
	scheme, token, _ := strings.Cut(single(header, "Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	// Every comparison is made, so that time tells nothing about which fits.
	return a.secret(token)|a.secret(single(header, "X-Api-Key")) == 1
}

func (a *Auth) secret(given string) int {
	hashed := sha256.Sum256([]byte(strings.TrimSpace(given)))
	found := 0
	for _, secret := range a.secrets {
		found |= subtle.ConstantTimeCompare(hashed[:], secret[:])
	}
	return found
}

// signed tells whether a request carries a signature over its id, its time and
// exactly these bytes. It says nothing about method and path, so a request
// without a body, which a signature could not tell from another one, is never
// judged by it.
func (a *Auth) signed(header http.Header, body []byte) bool {
	signed := http.Header{}
	for _, name := range []string{standardwebhooks.HeaderWebhookID, standardwebhooks.HeaderWebhookTimestamp, standardwebhooks.HeaderWebhookSignature} {
		signed.Set(name, single(header, name))
	}
	found := false
	for _, verifier := range a.verifiers {
		found = verifier.Verify(body, signed) == nil || found
	}
	return found && len(body) > 0
}

// reads tells whether a request may see a report: a caller with a secret, or a
// person with the link.
func (a *Auth) reads(header http.Header, reportID, token string) bool {
	return a.Knows(header) || a.opens(token, reportID)
}

// statusKey signs and verifies the tokens of status links. A token is the id of
// its key, the second at which it expires, and a signature over that and the
// report: it is worth nothing for another report or another time.
type statusKey struct {
	id  string
	key []byte
}

func newStatusKey(key []byte) statusKey {
	id := sha256.Sum256(append([]byte("status token key id:"), key...))
	return statusKey{hex.EncodeToString(id[:4]), key}
}

func (k statusKey) token(reportID, expires string) string {
	mac := hmac.New(sha256.New, k.key)
	mac.Write([]byte("status:" + reportID + ":" + expires))
	return k.id + "." + expires + "." + hex.EncodeToString(mac.Sum(nil)[:16])
}

// tokenFor opens a report until its record expires; empty where no token is
// needed.
func (a *Auth) tokenFor(reportID string, expires time.Time) string {
	if a.Open() {
		return ""
	}
	return a.statusKeys[0].token(reportID, strconv.FormatInt(expires.Unix(), 10))
}

func (a *Auth) opens(token, reportID string) bool {
	id, rest, _ := strings.Cut(token, ".")
	expires, _, _ := strings.Cut(rest, ".")
	seconds, err := strconv.ParseInt(expires, 10, 64)
	valid := false
	for _, key := range a.statusKeys {
		valid = key.id == id && hmac.Equal([]byte(token), []byte(key.token(reportID, expires))) || valid
	}
	return valid && err == nil && time.Now().Before(time.Unix(seconds, 0))
}
