// Package users is what an operator does with the people who can sign in: it lists,
// invites, disables, enables and deletes them, makes links with which they set a new
// password, and turns their two-factor authentication off. Each function needs a connection of the role that migrates; the
// database does the work and writes the audit.
package users

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/auth"
	"paddock/app/problem"
)

// User is somebody who can sign in.
type User struct {
	ID, Email, Name string
	Created         time.Time
	Sessions        int        // that are alive
	Accounts        int        // that they own
	DisabledSince   *time.Time // nil where they are not disabled
}

// How long the links of an operator can be used.
const (
	ResetLife      = 24 * time.Hour
	InvitationLife = 7 * 24 * time.Hour
)

// List returns all users, the oldest first.
func List(ctx context.Context, conn *pgx.Conn) ([]User, error) {
	rows, err := conn.Query(ctx, "select id, email, name, created_at, sessions, accounts, disabled_since from private.list_users()")
	if err != nil {
		return nil, fmt.Errorf("list the users: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (u User, err error) {
		return u, row.Scan(&u.ID, &u.Email, &u.Name, &u.Created, &u.Sessions, &u.Accounts, &u.DisabledSince)
	})
	if err != nil {
		return nil, fmt.Errorf("list the users: %w", err)
	}
	return list, nil
}

// find returns the user of an email address, in whatever case. It ends with
// unknown_user.
func find(ctx context.Context, conn *pgx.Conn, email string) (User, error) {
	list, err := List(ctx, conn)
	if err != nil {
		return User{}, err
	}
	for _, u := range list {
		if strings.EqualFold(u.Email, email) {
			return u, nil
		}
	}
	return User{}, problem.New(problem.UnknownUser, "There is no user with the address %s. paddock user list has them all.", email)
}

// Reset makes a link with which the user of an address sets a new password, once and
// within ResetLife. base is the URL at which browsers reach Paddock. It also returns
// the token that the link has. It ends with unknown_user.
func Reset(ctx context.Context, conn *pgx.Conn, base, email string) (link, token string, err error) {
	u, err := find(ctx, conn, email)
	if err != nil {
		return "", "", err
	}
	token = auth.NewToken()
	if _, err := conn.Exec(ctx, "select private.make_reset_token($1, $2, $3)", u.Email, auth.StoredReset(token), time.Now().Add(ResetLife)); err != nil {
		return "", "", fmt.Errorf("make a token: %w", err)
	}
	return auth.ResetLink(base, token, "/reset-password"), token, nil
}

// Invite makes a token with which somebody signs up with this address, once and within
// InvitationLife. It ends with invalid_email, or user_exists.
func Invite(ctx context.Context, conn *pgx.Conn, email string) (token string, err error) {
	email = strings.ToLower(email)
	if !auth.IsEmail(email) {
		return "", problem.New(problem.InvalidEmail, "%q is no email address.", email)
	}
	switch _, err := find(ctx, conn, email); {
	case err == nil:
		return "", problem.New(problem.UserExists, "%s is a user already: paddock user reset makes a link with which they set a new password.", email)
	case !problem.Is(err, problem.UnknownUser):
		return "", err
	}
	token = auth.NewToken()
	if _, err := conn.Exec(ctx, "select private.make_invitation($1, $2, $3)", email, auth.StoredInvitation(token), time.Now().Add(InvitationLife)); err != nil {
		return "", fmt.Errorf("make an invitation: %w", err)
	}
	return token, nil
}

// Disable ends all sessions of a user and refuses them every new one. It ends with
// unknown_user.
func Disable(ctx context.Context, conn *pgx.Conn, email string) error {
	return change(ctx, conn, email, "select private.disable_user($1)")
}

// Enable lets a user who was disabled sign in again. It ends with unknown_user.
func Enable(ctx context.Context, conn *pgx.Conn, email string) error {
	return change(ctx, conn, email, "select private.enable_user($1)")
}

// Verify marks a user's address as verified. It ends with unknown_user.
func Verify(ctx context.Context, conn *pgx.Conn, email string) error {
	return change(ctx, conn, email, "select private.verify_user($1)")
}

// DisableTwoFactor turns a user's two-factor authentication off and ends their sessions:
// for who has lost their authenticator app and their backup codes. It ends with
// unknown_user.
func DisableTwoFactor(ctx context.Context, conn *pgx.Conn, email string) error {
	return change(ctx, conn, email, "select private.disable_two_factor($1)")
}

func change(ctx context.Context, conn *pgx.Conn, email, sql string) error {
	u, err := find(ctx, conn, email)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, sql, u.ID); err != nil {
		return fmt.Errorf("change the user: %w", err)
	}
	return nil
}

// Delete deletes a user with the accounts that they own. Open orders of these end it
// with user_has_open_orders, unless leaveOrders is set: then they stay at Alpaca, and
// nobody here knows them any more. It ends with unknown_user.
func Delete(ctx context.Context, conn *pgx.Conn, email string, leaveOrders bool) error {
	u, err := find(ctx, conn, email)
	if err != nil {
		return err
	}
	openOrders := "refuse"
	if leaveOrders {
		openOrders = "leave"
	}
	var text []byte
	if err := conn.QueryRow(ctx, "select private.delete_user($1, $2)", u.ID, openOrders).Scan(&text); err != nil {
		return fmt.Errorf("delete the user: %w", err)
	}
	if text == nil {
		return nil
	}
	accounts, err := auth.AccountsWithOrders(text)
	if err != nil {
		return err
	}
	return problem.New(problem.UserHasOpenOrders, "Orders of these accounts are open at Alpaca, or may be: %s. Have them canceled first, or leave them there with --open-orders leave.",
		accounts)
}
