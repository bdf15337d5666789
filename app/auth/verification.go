package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
)

// storedIdentifier returns how an identifier is kept in auth.verification: as its
// digest, so that nobody who reads the table or a copy of it has a token that opens
// something. It is the form that Better Auth has with the option
// verification.storeIdentifier set to "hashed".
func storedIdentifier(identifier string) string {
	sum := sha256.Sum256([]byte(identifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// consume takes the newest row of an identifier out of auth.verification, with all
// others of it, and returns its value. It reports false where there is none, or
// where it has expired. Of several calls at once one gets it. Rows in clear, which a
// Better Auth server without that option writes, are found as well.
func (s *Service) consume(ctx context.Context, identifier string) (value string, found bool, err error) {
	var alive bool
	found, err = s.queryRow(ctx, []any{&value, &alive}, `
		with gone as (delete from auth.verification where identifier = any ($1) returning *)
		select value, "expiresAt" > $2 from gone order by "createdAt" desc limit 1`,
		[]string{storedIdentifier(identifier), identifier}, s.now())
	return value, found && alive, err
}
