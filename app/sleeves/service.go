// Package sleeves makes and changes sleeves, parts of an account with cash of their own,
// and moves cash between them. What an order of a sleeve may spend and sell is decided in
// Postgres, when the order is made.
package sleeves

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// Service is for requests.
type Service struct {
	db *tenant.DB
	// readBalance has the broker's word on the account's cash recorded.
	readBalance func(context.Context, tenant.Admission) (json.RawMessage, error)
}

// New makes a Service. readBalance asks the broker for the account, and records its cash.
func New(db *tenant.DB, readBalance func(context.Context, tenant.Admission) (json.RawMessage, error)) *Service {
	return &Service{db, readBalance}
}

// List returns {"sleeves":[…],"unassigned":{…}}, by name, those that are closed last.
func (s *Service) List(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	var all json.RawMessage
	err := s.db.Read(ctx, a, func(b *tenant.Batch) { queueList(b, a, &all) })
	return all, err
}

func queueList(b *tenant.Batch, a tenant.Admission, into *json.RawMessage) {
	b.Queue("select app.sleeves_json($1)", a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}

// Budget returns what may still be done on an account, and with the cash of a sleeve: the
// one of the API token that asks, or else this one, where it is not uuid.Nil.
func (s *Service) Budget(ctx context.Context, a tenant.Admission, sleeve uuid.UUID) (json.RawMessage, error) {
	var budget json.RawMessage
	err := s.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue("select app.budget_json($1, $2)", a.Account, uuid.NullUUID{UUID: sleeve, Valid: sleeve != uuid.Nil}).
			QueryRow(func(row pgx.Row) error { return row.Scan(&budget) })
	})
	return budget, err
}

// Make makes a sleeve without cash, and returns it. It ends with invalid_sleeve,
// sleeve_name_taken, too_many_sleeves, or a problem of the admission.
func (s *Service) Make(ctx context.Context, a tenant.Admission, c Change) (json.RawMessage, error) {
	if c.Name.Value == "" {
		return nil, invalid(`"name" is missing. Name what the sleeve is for.`)
	}
	id := uuid.New()
	return s.write(ctx, a, id, c, func(b *tenant.Batch, text []byte) { b.Queue("select private.make_sleeve($1, $2)", id, text) })
}

// Change sets what c has of a sleeve, and returns it. It ends with invalid_sleeve,
// sleeve_not_found, sleeve_name_taken, step_up_required, or a problem of the admission.
func (s *Service) Change(ctx context.Context, a tenant.Admission, id uuid.UUID, c Change) (json.RawMessage, error) {
	return s.write(ctx, a, id, c, func(b *tenant.Batch, text []byte) {
		b.Queue("select private.change_sleeve($1, $2)", id, text).QueryRow(scanFound)
	})
}

// write checks a sleeve, has it written, and returns it.
func (s *Service) write(ctx context.Context, a tenant.Admission, id uuid.UUID, c Change, queue func(*tenant.Batch, []byte)) (json.RawMessage, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return s.writeAndShow(ctx, a, id, func(b *tenant.Batch) { queue(b, text) })
}

// writeAndShow has a sleeve written, and returns it.
func (s *Service) writeAndShow(ctx context.Context, a tenant.Admission, id uuid.UUID, queue func(*tenant.Batch)) (made json.RawMessage, err error) {
	err = s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		queue(b)
		b.Queue("select s from jsonb_array_elements(app.sleeves_json($1)->'sleeves') s where s->>'id' = $2", a.Account, id.String()).
			QueryRow(func(row pgx.Row) error { return row.Scan(&made) })
	})
	return made, err
}

// ResetHighWaterMark lets a sleeve's high-water mark begin anew with what it is worth now,
// and returns the sleeve. It ends with sleeve_not_found, step_up_required, or a problem of
// the admission.
func (s *Service) ResetHighWaterMark(ctx context.Context, a tenant.Admission, id uuid.UUID) (json.RawMessage, error) {
	return s.writeAndShow(ctx, a, id, func(b *tenant.Batch) {
		b.Queue("select private.reset_sleeve_mark($1)", id).QueryRow(scanFound)
	})
}

// Close closes a sleeve that is empty. It ends with sleeve_not_found, sleeve_not_empty, or
// a problem of the admission.
func (s *Service) Close(ctx context.Context, a tenant.Admission, id uuid.UUID) error {
	return s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.close_sleeve($1)", id).QueryRow(scanFound)
	})
}

// scanFound ends with sleeve_not_found where a function found none.
func scanFound(row pgx.Row) error {
	var found bool
	if err := row.Scan(&found); err != nil {
		return err
	}
	if !found {
		return problem.New(problem.SleeveNotFound, "This account has no sleeve of this id, or it is closed. Copy it from GET /api/sleeves.")
	}
	return nil
}

func invalid(format string, args ...any) error {
	return problem.New(problem.InvalidSleeve, format, args...)
}
