// Package accounts makes, changes and deletes brokerage accounts, stores their
// broker credentials encrypted, and reports their health.
package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Service serves everything about accounts.
type Service struct {
	db     *tenant.DB
	keys   *credentials.Keyring
	broker *broker.Broker
	// MirrorMaxAge is how long after a reconciliation the mirror counts as
	// current where no stream keeps it; a minute unless set.
	MirrorMaxAge time.Duration
}

// New makes a Service.
func New(db *tenant.DB, keys *credentials.Keyring, b *broker.Broker) *Service {
	return &Service{db: db, keys: keys, broker: b, MirrorMaxAge: time.Minute}
}

// Account is a brokerage account as its user sees it.
type Account struct {
	ID                  uuid.UUID  `json:"id"`
	Name                string     `json:"name"`
	Environment         string     `json:"environment"` // paper or live
	AlpacaAccountID     *uuid.UUID `json:"alpaca_account_id"`
	AlpacaAccountNumber *string    `json:"alpaca_account_number"`
	IsActive            bool       `json:"is_active"`
	StreamMode          string     `json:"stream_mode"` // auto, sse, ws or off
	Role                string     `json:"role"`        // owner, trader, approver or viewer
	HasCredentials      bool       `json:"has_credentials"`
	Status              string     `json:"status"` // ok or needs_credentials
	CreatedAt           time.Time  `json:"created_at"`
	UpdatedAt           time.Time  `json:"updated_at"`
}

const selectAccountSQL = `select u.id, u.name, u.environment, u.alpaca_account_id, u.alpaca_account_number, u.is_active, u.stream_mode,
	g.role, c.account_id is not null as has_credentials, case when c.works then 'ok' else 'needs_credentials' end as status,
	u.created_at, u.updated_at
	from app.user_accounts u
	join app.account_grants g on g.account_id = u.id and g.user_id = (select private.user_id())
	left join private.accounts_with_credentials() c on c.account_id = u.id`

func scanAccount(row pgx.CollectableRow) (Account, error) {
	var a Account
	err := row.Scan(&a.ID, &a.Name, &a.Environment, &a.AlpacaAccountID, &a.AlpacaAccountNumber, &a.IsActive, &a.StreamMode,
		&a.Role, &a.HasCredentials, &a.Status, &a.CreatedAt, &a.UpdatedAt)
	a.CreatedAt, a.UpdatedAt = a.CreatedAt.UTC(), a.UpdatedAt.UTC()
	return a, err
}

// List returns the accounts of the session's user, oldest first.
func (s *Service) List(ctx context.Context, token string) ([]Account, error) {
	list := []Account{}
	err := s.db.Read(ctx, tenant.Admission{Token: token}, func(b *tenant.Batch) {
		b.Queue(selectAccountSQL + " order by u.created_at, u.id").Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, scanAccount)
			return err
		})
	})
	if list == nil {
		list = []Account{}
	}
	return list, err
}

// Portfolio returns all accounts that the user, or their API token, may read, with what each
// is worth and holds, and what they are worth and hold together: of the last figures of
// the broker's, in one round trip.
func (s *Service) Portfolio(ctx context.Context, a tenant.Admission) (portfolio json.RawMessage, err error) {
	err = s.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.portfolio()").QueryRow(func(row pgx.Row) error { return row.Scan(&portfolio) })
	})
	return portfolio, err
}

// Get returns one account.
func (s *Service) Get(ctx context.Context, a tenant.Admission) (Account, error) {
	var account Account
	err := s.db.Read(ctx, a, func(b *tenant.Batch) { queueGet(b, a.Account, &account) })
	return account, err
}

func queueGet(b *tenant.Batch, id uuid.UUID, into *Account) {
	b.Queue(selectAccountSQL+" where u.id = $1", id).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectExactlyOneRow(rows, scanAccount)
		return err
	})
}

// Create makes an account for the session's user. It ends with
// account_name_taken, invalid_account or too_many_accounts.
func (s *Service) Create(ctx context.Context, token, name, environment string) (Account, error) {
	name, err := cleanName(name)
	if err != nil {
		return Account{}, err
	}
	if environment != "paper" && environment != "live" {
		return Account{}, problem.New(problem.InvalidAccount, `Set "environment" to "paper" or "live".`)
	}
	var account Account
	err = s.db.Tx(ctx, tenant.Admission{Token: token}, func(b *tenant.Batch) {
		b.Queue("select private.create_account($1, $2)", name, environment)
		b.Queue(selectAccountSQL+" where u.user_id = (select private.user_id()) and u.name = $1", name).
			Query(func(rows pgx.Rows) (err error) {
				account, err = pgx.CollectExactlyOneRow(rows, scanAccount)
				return err
			})
	})
	return account, toProblem(err)
}

// Changes are the fields of an account to change; nil leaves a field as it is.
type Changes struct {
	Name       *string `json:"name"`
	IsActive   *bool   `json:"is_active"`   // false pauses it
	StreamMode *string `json:"stream_mode"` // auto, sse, ws or off
}

// Change renames an account, pauses it, or sets how its trade updates are read.
// It ends with account_name_taken, invalid_account or not_permitted.
func (s *Service) Change(ctx context.Context, a tenant.Admission, c Changes) (Account, error) {
	if c.Name != nil {
		clean, err := cleanName(*c.Name)
		if err != nil {
			return Account{}, err
		}
		c.Name = &clean
	}
	if c.StreamMode != nil && !slices.Contains([]string{"auto", "sse", "ws", "off"}, *c.StreamMode) {
		return Account{}, problem.New(problem.InvalidAccount, `Set "stream_mode" to auto, sse, ws or off.`)
	}
	var account Account
	var changed int64
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(`update app.user_accounts set name = coalesce($2, name), is_active = coalesce($3, is_active),
			stream_mode = case when $4 in ('auto', 'sse', 'ws', 'off') then $4 else stream_mode end, updated_at = now()
			where id = $1`, a.Account, c.Name, c.IsActive, c.StreamMode).Exec(count(&changed))
		queueGet(b, a.Account, &account)
	})
	if err == nil && changed == 0 {
		err = notManaged()
	}
	return account, toProblem(err)
}

// Delete removes an account and all its data except its audit log. Nothing is
// changed at the broker. Unless leaveOrders is set, open orders end it with
// open_orders and a list of them, and nothing is deleted. It also ends with
// account_has_unresolved_orders while the broker's answer to an order is
// missing, or not_permitted.
func (s *Service) Delete(ctx context.Context, a tenant.Admission, leaveOrders bool) error {
	var manages, unresolved bool
	var inTheWay []byte
	err := s.db.TxDelete(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.has_scope('manage'), app.has_unanswered_intents($1)", a.Account).
			QueryRow(func(row pgx.Row) error { return row.Scan(&manages, &unresolved) })
		b.Queue("select private.delete_account($2) where private.has_scope('manage') and not ($2 is not distinct from 'leave' and app.has_unanswered_intents($1))",
			a.Account, openOrdersArg(leaveOrders)).
			Query(func(rows pgx.Rows) (err error) {
				inTheWay, err = scanOptional(rows)
				return err
			})
	})
	switch {
	case err != nil:
		return toProblem(err)
	case !manages:
		return notManaged()
	case unresolved && leaveOrders:
		return problem.New(problem.AccountHasUnresolvedOrders,
			"The broker's answer to an order of this account is not known yet. Try again in a minute.")
	}
	return openOrdersProblem(inTheWay)
}

// openOrdersArg is the argument that says what to do about open orders.
func openOrdersArg(orders bool) *string {
	if !orders {
		return nil
	}
	word := "leave"
	return &word
}

// scanOptional reads one value, nil where the query returned no row.
func scanOptional(rows pgx.Rows) ([]byte, error) {
	answers, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil || len(answers) == 0 {
		return nil, err
	}
	return answers[0], nil
}

// openOrdersProblem is the problem that lists the open orders; nil where there
// are none.
func openOrdersProblem(list []byte) error {
	if list == nil {
		return nil
	}
	p := problem.New(problem.OpenOrders,
		"Orders of this account are open at Alpaca, or may be. Cancel them first, or say what becomes of them: ?open_orders=cancel or ?open_orders=leave.")
	p.Details = map[string]any{"orders": json.RawMessage(list)}
	return p
}

func count(into *int64) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		*into = tag.RowsAffected()
		return nil
	}
}

func cleanName(name string) (string, error) {
	name = strings.TrimSpace(name)
	n := utf8.RuneCountInString(name)
	if n < 1 || n > 80 || !utf8.ValidString(name) || strings.ContainsFunc(name, isHidden) {
		return "", problem.New(problem.InvalidAccount, `Give "name" between 1 and 80 visible characters.`)
	}
	return name, nil
}

// isHidden reports whether a character is invisible or turns the direction of
// text: names in the account switcher must have none.
func isHidden(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

func notManaged() error {
	return problem.New(problem.NotPermitted, "Only the owner of an account may do this.")
}

// toProblem turns what Postgres refused into a problem about accounts.
func toProblem(err error) error {
	switch {
	case err == nil:
		return nil
	case tenant.UniqueViolation(err) == "user_accounts_user_id_name_key":
		return problem.New(problem.AccountNameTaken, "You have an account of this name already. Choose another name.")
	case tenant.UniqueViolation(err) == "user_accounts_user_id_broker_account_key":
		return problem.New(problem.BrokerAccountInUse, "You have connected this Alpaca account already, under another name.")
	case tenant.SQLState(err) == "PD409":
		return problem.New(problem.DifferentBrokerAccount,
			"These keys open another Alpaca account than the one connected here. Connect it as an account of its own.")
	case tenant.SQLState(err) == "PD429":
		return problem.New(problem.TooManyAccounts, "You have 100 accounts, the most there may be. Delete one first.")
	case errors.Is(err, pgx.ErrNoRows):
		return problem.New(problem.AccountForbidden, "There is no such account among yours. Pick one from GET /api/accounts.")
	}
	return err
}
