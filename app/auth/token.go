package auth

// NewToken returns a random token for a link: 24 characters of [A-Za-z0-9], as Better
// Auth has them.
func NewToken() string { return newID()[:24] }

// StoredReset returns what auth.verification keeps of a token that resets a password.
func StoredReset(token string) string { return storedIdentifier(resetIdentifier(token)) }

// StoredInvitation returns what it keeps of a token with which somebody may sign up.
func StoredInvitation(token string) string { return storedIdentifier(invitationIdentifier(token)) }

// IsEmail reports whether a text is an email address with which somebody can sign up.
func IsEmail(text string) bool { return isEmail(text) }
