package sharing

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/optional"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Me stands for the user who asks, in place of a user's id.
const Me = "me"

// List returns who has which role on the account, {"grants":[…]}, and the open
// invitations to it. It ends with not_permitted for all but its owners.
func (s *Service) List(ctx context.Context, a tenant.Admission) ([]byte, error) {
	grants, invitations := []json.RawMessage{}, []json.RawMessage{}
	err := s.DB.Read(ctx, a, func(b *tenant.Batch) {
		queueRows(b, &grants, "select * from private.list_grants()")
		queueRows(b, &invitations, "select * from private.list_invitations()")
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"grants": grants, "invitations": invitations})
}

func queueRows(b *tenant.Batch, into *[]json.RawMessage, sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowTo[json.RawMessage])
		*into = append([]json.RawMessage{}, found...)
		return err
	})
}

// Give gives the user of an email address a role on the account, and returns it as List
// does. It ends with invalid_grant, user_not_found, grant_exists, too_many_grants,
// too_many_addresses, step_up_required, or a problem of the admission.
func (s *Service) Give(ctx context.Context, a tenant.Admission, r Request) (json.RawMessage, error) {
	end, err := r.check(false)
	if err != nil {
		return nil, err
	}
	var user *string
	var all []json.RawMessage
	err = s.DB.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.give_grant($1, $2, $3)", r.Email, r.Role, end).QueryRow(func(row pgx.Row) error { return row.Scan(&user) })
		queueRows(b, &all, "select * from private.list_grants()")
	})
	switch {
	case err != nil:
		return nil, toProblem(err)
	case user == nil:
		return nil, userNotFound()
	}
	return grantOf(all, *user)
}

// grantOf returns the grant of a user among those of an account.
func grantOf(all []json.RawMessage, user string) (json.RawMessage, error) {
	for _, grant := range all {
		var of struct {
			UserID string `json:"user_id"`
		}
		if err := json.Unmarshal(grant, &of); err != nil {
			return nil, err
		}
		if of.UserID == user {
			return grant, nil
		}
	}
	return nil, grantNotFound()
}

// Change is what a client changes of somebody's role.
type Change struct {
	Role *string `json:"role,omitempty"`
	// ExpiresAt is null for no end, and left out to keep the one there is.
	ExpiresAt optional.Field[*string] `json:"expires_at,omitzero"`
}

// Change gives a user who has a role on the account another one, or until another time,
// and returns it as List does. It ends with invalid_grant, grant_not_found, last_owner,
// step_up_required, or a problem of the admission.
func (s *Service) Change(ctx context.Context, a tenant.Admission, user string, c Change) (json.RawMessage, error) {
	if c.Role == nil && !c.ExpiresAt.There {
		return nil, invalid(`Set "role", "expires_at" or both.`)
	}
	var end *time.Time
	if c.Role != nil {
		if err := checkRole(*c.Role, false); err != nil {
			return nil, err
		}
	}
	if text := c.ExpiresAt.Value; text != nil {
		at, err := checkEnd(*text)
		if err != nil {
			return nil, err
		}
		end = &at
	}
	var there bool
	var found []json.RawMessage
	err := s.DB.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.change_grant("+userSQL+", $2, $3, $4)", user, c.Role, end, c.ExpiresAt.There).
			QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
		queueRows(b, &found, "select * from private.list_grants("+userSQL+")", user)
	})
	switch {
	case err != nil:
		return nil, toProblem(err)
	case !there || len(found) == 0:
		return nil, grantNotFound()
	}
	return found[0], s.less(nil)
}

// userSQL is the id of the user that $1 names.
const userSQL = "coalesce(nullif($1::text, '" + Me + "'), private.user_id())"

// End takes a user's role on an account: an owner takes it, or the user leaves. It ends
// with account_forbidden for who has no role there, not_permitted, grant_not_found, or
// last_owner.
func (s *Service) End(ctx context.Context, a tenant.Admission, account uuid.UUID, user string) error {
	var there bool
	err := s.DB.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.end_grant($2, "+userSQL+")", user, account).QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
	})
	switch {
	case err != nil:
		return toProblem(err)
	case !there:
		return grantNotFound()
	}
	return s.less(nil)
}

// Transfer hands the ownership of the account to a user who has a role there; who asks
// stays as a viewer. It ends with grant_not_found, account_name_taken,
// broker_account_in_use, too_many_accounts, step_up_required, or a problem of the
// admission.
func (s *Service) Transfer(ctx context.Context, a tenant.Admission, user string) error {
	if user == "" {
		return problem.New(problem.InvalidGrant, `Set "user_id" to the id of a user who has a role on the account: GET /api/accounts/:id/grants lists them.`)
	}
	var there bool
	err := s.DB.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.transfer_account($1)", user).QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
	})
	switch {
	case err != nil:
		return toProblem(err)
	case !there:
		return grantNotFound()
	}
	return s.less(nil)
}
