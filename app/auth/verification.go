package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"github.com/jackc/pgx/v5"
)

// resetIdentifier returns what auth.verification has for a token that resets a
// password, before it is made a digest.
func resetIdentifier(token string) string { return "reset-password:" + token }

// invitationIdentifier returns the same of a token with which somebody may sign up.
func invitationIdentifier(token string) string { return "invitation:" + token }

// storedIdentifier returns how an identifier is kept in auth.verification: as its
// digest, so that nobody who reads the table or a copy of it has a token that opens
// something. It is the form that Better Auth has with the option
// verification.storeIdentifier set to "hashed".
func storedIdentifier(identifier string) string {
	sum := sha256.Sum256([]byte(identifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// isIdentifierSQL is the condition of the rows of an identifier, whose digest is $1. A
// Better Auth server without that option writes rows in clear, and they are found as
// well. Postgres makes the digest of these, which have a colon, so that no statement
// has a token that a log of its values would keep.
const isIdentifierSQL = `case when identifier like '%:%'
	then translate(rtrim(encode(sha256(convert_to(identifier, 'UTF8')), 'base64'), '='), '+/', '-_') else identifier end = $1`

// verification returns the value of an identifier's newest row in auth.verification.
// It reports false where there is none, or where it has expired.
func (s *Service) verification(ctx context.Context, identifier string) (value string, found bool, err error) {
	var alive bool
	found, err = s.queryRow(ctx, []any{&value, &alive}, `select value, "expiresAt" > $2 from auth.verification
		where `+isIdentifierSQL+` order by "createdAt" desc limit 1`, storedIdentifier(identifier), s.now())
	return value, found && alive, err
}

// consumeSQL takes the newest row of an identifier out of auth.verification, with all
// others of it. Of several calls at once one gets it.
const consumeSQL = `with gone as (delete from auth.verification where ` + isIdentifierSQL + ` returning *)
	select value, "expiresAt" > $2 from gone order by "createdAt" desc limit 1`

// consume does that, and returns the row's value. It reports false where there is
// none, or where it has expired.
func (s *Service) consume(ctx context.Context, identifier string) (value string, found bool, err error) {
	var alive bool
	found, err = s.queryRow(ctx, []any{&value, &alive}, consumeSQL, storedIdentifier(identifier), s.now())
	return value, found && alive, err
}

// consumeIn is consume in a transaction.
func (s *Service) consumeIn(ctx context.Context, tx pgx.Tx, identifier string) (value string, found bool, err error) {
	var alive bool
	err = tx.QueryRow(ctx, consumeSQL, storedIdentifier(identifier), s.now()).Scan(&value, &alive)
	if err == pgx.ErrNoRows {
		return "", false, nil
	}
	return value, alive, err
}
