package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"notionrelay/functions/webhook/intake"
	"notionrelay/local/notionview"
)

// members lets in who has a secret: a program that sends it, or a person who has
// logged in with it. Where there are no secrets everyone may.
type members struct {
	auth *intake.Auth
	// key signs the cookies. It is as old as the process, so that nothing about
	// a secret is in a cookie, and a secret that was taken back ends its logins.
	key []byte
}

func newMembers(auth *intake.Auth) *members {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // which never fails
	return &members{auth, key}
}

const (
	loginPath     = "/login"
	sessionCookie = "relay_session"
	sessionTime   = 12 * time.Hour
	// maxLogin is how long the login's form may be.
	maxLogin = 4 << 10
)

// knows tells whether a request comes from a member.
func (m *members) knows(r *http.Request) bool {
	cookie, err := r.Cookie(sessionCookie)
	return m.auth.Knows(r.Header) || err == nil && m.valid(cookie.Value)
}

// session is the value of a cookie: when it ends, and the signature of that.
func (m *members) session(ends string) string {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte("session:" + ends))
	return ends + "." + hex.EncodeToString(mac.Sum(nil))
}

func (m *members) valid(session string) bool {
	ends, _, _ := strings.Cut(session, ".")
	seconds, err := strconv.ParseInt(ends, 10, 64)
	return hmac.Equal([]byte(session), []byte(m.session(ends))) && err == nil && time.Now().Before(time.Unix(seconds, 0))
}

// view shows pages to members, and to others of them the way in.
func (s *system) view(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.members.knows(r):
			pages.ServeHTTP(w, r)
		case isBrowser(r):
			s.askToLogIn(w, r.URL.RequestURI(), false)
		default:
			s.refuse(w, r, unauthorized)
		}
	})
}

func (s *system) askToLogIn(w http.ResponseWriter, next string, wrong bool) {
	answerPage(w, http.StatusUnauthorized, "login.html", struct {
		Action, Next string
		Wrong        bool
	}{loginPath, next, wrong})
}

// logIn takes the form. It is of no use to other sites: their forms are refused.
func (s *system) logIn(w http.ResponseWriter, r *http.Request) {
	if s.crossOrigin().Check(r) != nil {
		s.refuse(w, r, refusal{http.StatusForbidden, "forbidden", "The form is of another site."})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxLogin)
	if r.ParseForm() != nil {
		s.refuse(w, r, refusal{http.StatusBadRequest, "invalid_payload", "The form could not be read."})
		return
	}
	next := r.PostForm.Get("next")
	if !strings.HasPrefix(next, notionview.Path) && !strings.HasPrefix(next, runsPath) {
		next = runsPath
	}
	if !s.auth.Knows(http.Header{"X-Api-Key": {r.PostForm.Get("secret")}}) {
		s.log.WarnContext(r.Context(), "login refused")
		s.askToLogIn(w, next, true)
		return
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where there is TLS
		Name: sessionCookie, Value: s.members.session(strconv.FormatInt(time.Now().Add(sessionTime).Unix(), 10)),
		Path: "/", MaxAge: int(sessionTime.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode,
		// Behind a proxy that speaks TLS only the browser knows that it does, unless
		// we were told.
		Secure: r.TLS != nil || strings.HasPrefix(r.Header.Get("Origin"), "https://") || strings.HasPrefix(s.public, "https://"),
	})
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // a path of ours
}

// crossOrigin finds forms of other sites. What is ours is told by the Host, which a
// proxy may have changed, and by the address that others reach us at.
func (s *system) crossOrigin() *http.CrossOriginProtection {
	protection := http.NewCrossOriginProtection()
	if s.public != "" {
		if err := protection.AddTrustedOrigin(s.public); err != nil { // it is a scheme and a host
			panic(err)
		}
	}
	return protection
}
