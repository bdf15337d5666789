package sharing

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
)

// Own returns the roles that the user has, on accounts and on all accounts of others, those
// that others have on all accounts of theirs, and the open invitations to all of these. It
// ends with not_permitted for an API token.
func (s *Service) Own(ctx context.Context, a tenant.Admission) ([]byte, error) {
	var own map[string]json.RawMessage
	invitations := []json.RawMessage{}
	err := s.DB.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.list_own_grants()").QueryRow(func(row pgx.Row) error { return row.Scan(&own) })
		queueRows(b, &invitations, "select * from private.list_invitations()")
	})
	if err != nil {
		return nil, err
	}
	if own["invitations"], err = json.Marshal(invitations); err != nil {
		return nil, err
	}
	return json.Marshal(own)
}

// GiveOnAll gives the user of an email address a role on all accounts of the user who
// asks, also those to come, in place of the one that they had on all. It ends with
// invalid_grant, user_not_found, too_many_grants, too_many_addresses, step_up_required, or
// a problem of the admission.
func (s *Service) GiveOnAll(ctx context.Context, a tenant.Admission, r Request) ([]byte, error) {
	end, err := r.check(true)
	if err != nil {
		return nil, err
	}
	var user *string
	var own struct {
		Given []json.RawMessage `json:"given_on_all_accounts"`
	}
	err = s.DB.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.give_standing_grant($1, $2, $3)", r.Email, r.Role, end).QueryRow(func(row pgx.Row) error { return row.Scan(&user) })
		b.Queue("select private.list_own_grants()").QueryRow(func(row pgx.Row) error { return row.Scan(&own) })
	})
	switch {
	case err != nil:
		return nil, toProblem(err)
	case user == nil:
		return nil, userNotFound()
	}
	given, err := grantOf(own.Given, *user)
	return given, s.less(err)
}

// EndOnAll takes a role on all accounts of an owner from a user, in one go: the owner
// takes it, or the user gives it back. It ends with grant_not_found where it is neither's
// who asks.
func (s *Service) EndOnAll(ctx context.Context, a tenant.Admission, owner, user string) error {
	var there bool
	err := s.DB.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.end_standing_grant("+userSQL+", coalesce(nullif($2::text, '"+Me+"'), private.user_id()))", owner, user).
			QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
	})
	switch {
	case err != nil:
		return toProblem(err)
	case !there:
		return grantNotFound()
	}
	return s.less(nil)
}
