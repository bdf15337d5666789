package sharing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// InvitationLife is how long an invitation can be taken up.
const InvitationLife = 7 * 24 * time.Hour

// mailTimeout is how long sending an invitation may take.
const mailTimeout = 15 * time.Second

// tokenSize is the length of rand.Text, which has 130 bits.
const tokenSize = 26

// Invitation is an invitation as a client asks for it.
type Invitation struct {
	Role string `json:"role"`
	// Email is of the one who may take it up; nil for whoever has the link.
	Email     *string `json:"email,omitempty"`
	ExpiresAt *string `json:"expires_at,omitempty"` // when the role ends; nil for never
}

// Invite makes an invitation to the account of the admission, or without one to all
// accounts of the user, also those to come. It returns the invitation as List does, with
// the link, which is never shown again. Where there is an address and mail is sent, the
// link goes there instead. It ends with invalid_grant, too_many_grants, step_up_required,
// or a problem of the admission.
func (s *Service) Invite(ctx context.Context, a tenant.Admission, i Invitation) ([]byte, error) {
	end, err := checkRoleAndEnd(i.Role, i.ExpiresAt, a.Account == uuid.Nil)
	if err == nil && i.Email != nil {
		err = checkEmail(*i.Email)
	}
	if err != nil {
		return nil, err
	}
	token, id := rand.Text(), uuid.New()
	var made []json.RawMessage
	err = s.DB.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.make_grant_invitation($1, $2, $3, $4, $5, $6)", id, digest(token), i.Email, i.Role, end, time.Now().Add(InvitationLife))
		queueRows(b, &made, "select * from private.list_invitations($1)", id)
	})
	if err != nil {
		return nil, toProblem(err)
	}
	var shown map[string]any
	if err := json.Unmarshal(made[0], &shown); err != nil {
		return nil, err
	}
	link := s.BaseURL + "/invitation#" + token
	shown["mailed"] = i.Email != nil && s.mail(ctx, *i.Email, link)
	shown["link"] = nil
	if shown["mailed"] == false {
		shown["link"] = link
	}
	return json.Marshal(shown)
}

// mail sends a link to an address, and reports whether a server has taken it. Nothing in
// it is the words of the one who invites, so that it carries no message of theirs.
func (s *Service) mail(ctx context.Context, to, link string) bool {
	if s.SendMail == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	return s.SendMail(ctx, to, "Somebody shares a trading account with you",
		"A user of "+s.BaseURL+" offers you a role on an account of theirs. Who it is and what for stands behind this link, which works once within a week:\n\n"+
			link+"\n\nSign in as this address, or sign up first and open the link again. If you expect nothing of the kind, do nothing.\n") == nil
}

// digest is what the database keeps of an invitation's token.
func digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Look returns what an invitation is for, before it is taken up. It ends with
// invitation_not_found or invitation_for_another.
func (s *Service) Look(ctx context.Context, a tenant.Admission, token string) (json.RawMessage, error) {
	return s.open(token, s.DB.Read, ctx, a, "select private.look_at_invitation($1)")
}

// Take gives the user the role of an invitation, once, and returns what it was for. It
// ends with invitation_not_found, invitation_for_another, grant_exists or too_many_grants.
func (s *Service) Take(ctx context.Context, a tenant.Admission, token string) (json.RawMessage, error) {
	return s.open(token, s.DB.Tx, ctx, a, "select private.take_invitation($1)")
}

func (s *Service) open(token string, run func(context.Context, tenant.Admission, func(*tenant.Batch)) error, ctx context.Context, a tenant.Admission, sql string) (shown json.RawMessage, err error) {
	if len(token) != tokenSize {
		return nil, invalid(`"token" must be what stands behind # in the link of an invitation.`)
	}
	err = run(ctx, a, func(b *tenant.Batch) {
		b.Queue(sql, digest(token)).QueryRow(func(row pgx.Row) error { return row.Scan(&shown) })
	})
	return shown, toProblem(err)
}

// TakeBack ends an invitation, which who made it does or an owner of its account. It ends
// with invitation_not_found.
func (s *Service) TakeBack(ctx context.Context, a tenant.Admission, id uuid.UUID) error {
	var there bool
	err := s.DB.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.revoke_invitation($1)", id).QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
	})
	if err == nil && !there {
		err = problem.New(problem.InvitationNotFound, "You have no open invitation of this id. GET /api/accounts/:id/grants and GET /api/user/grants list those that there are.")
	}
	return toProblem(err)
}
