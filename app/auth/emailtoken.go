package auth

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// emailTokenLife is how long a mailed link confirms an email address.
const emailTokenLife = time.Hour

// What a token for a change of address does.
const (
	changeConfirmation = "change-email-confirmation" // mailed to the old address: the user wants the change
	changeVerification = "change-email-verification" // mailed to the new one: it is theirs
)

// emailToken is what a mailed link says that verifies an address. It is a JWT that is
// signed with the secret, as Better Auth makes them, so that its servers and ours take
// each other's. The database keeps nothing of it.
type emailToken struct {
	Email string `json:"email"` // the user's address when it was made
	// UpdateTo is the address to change to, or "".
	UpdateTo string `json:"updateTo,omitempty"`
	// RequestType is one of the above where there is an address to change to.
	RequestType string `json:"requestType,omitempty"`
	// UserID is whose address it is. Better Auth leaves it out of some tokens.
	UserID string `json:"userId,omitempty"`
	jwt.RegisteredClaims
}

// errTokenExpired means that a token was good once.
var errTokenExpired = errors.New("the token has expired")

// signEmailToken returns a token that lives for emailTokenLife.
func (s *Service) signEmailToken(t emailToken) (string, error) {
	now := s.now()
	t.IssuedAt, t.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(emailTokenLife))
	return jwt.NewWithClaims(jwt.SigningMethodHS256, t).SignedString([]byte(s.config.Secret))
}

// readEmailToken returns what a token says that was signed with our secret. It ends with
// errTokenExpired, or with another error where it is no such token.
func (s *Service) readEmailToken(text string) (emailToken, error) {
	var t emailToken
	_, err := jwt.ParseWithClaims(text, &t, func(*jwt.Token) (any, error) { return []byte(s.config.Secret), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithTimeFunc(s.now), jwt.WithExpirationRequired())
	if errors.Is(err, jwt.ErrTokenExpired) {
		return t, errTokenExpired
	}
	if err == nil && (!isEmail(t.Email) || t.UpdateTo != "" && !isEmail(t.UpdateTo)) {
		err = errors.New("the token is for no email address")
	}
	return t, errors.Join(err, storable(&t.UserID))
}

// mailEmailLink has a link mailed that leads to verify-email with a token, and from
// there on to callback.
func (s *Service) mailEmailLink(ctx context.Context, to, callback string, t emailToken, subject, before, after string) error {
	token, err := s.signEmailToken(t)
	if err != nil {
		return err
	}
	if callback == "" {
		callback = "/"
	}
	s.sendMail(ctx, Mail{
		To:      to,
		Subject: subject,
		Text:    before + "\n\n" + s.link("verify-email", "token", token, "callbackURL", callback) + "\n\n" + after + "\n",
	})
	return nil
}

// mailVerification has a link mailed to an address with which somebody confirms that it
// is theirs.
func (s *Service) mailVerification(ctx context.Context, to, callback string, t emailToken) error {
	return s.mailEmailLink(ctx, to, callback, t, "Confirm your email address for Paddock",
		"Somebody, probably you, gave this email address to Paddock at "+s.place()+". This link confirms that it is yours, within an hour:",
		"If it was not you, do nothing: the address is not confirmed.")
}

// mailConfirmation has a link mailed to a user's present address with which they agree
// to a change of it.
func (s *Service) mailConfirmation(ctx context.Context, to, callback string, t emailToken) error {
	return s.mailEmailLink(ctx, to, callback, t, "A new email address for Paddock",
		"Somebody who is signed in as you, probably you, wants to change your email address for Paddock at "+s.place()+" to "+t.UpdateTo+
			". This link agrees to it, within an hour; the new address then gets a link of its own:",
		"If it was not you, do nothing: the address stays as it is. Then change your password and end your other sessions, since somebody may have them.")
}

// place returns where this Paddock is, for mails.
func (s *Service) place() string { return s.base.Scheme + "://" + s.base.Host }

// link returns the URL of an endpoint, with parameters in pairs of name and value.
func (s *Service) link(path string, pairs ...string) string {
	text := strings.TrimSuffix(s.config.BaseURL, "/") + prefix + path
	for i := 0; i+1 < len(pairs); i += 2 {
		separator := "&"
		if i == 0 {
			separator = "?"
		}
		text += separator + pairs[i] + "=" + url.QueryEscape(pairs[i+1])
	}
	return text
}
