package trading

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/passthrough"
	"paddock/app/problem"
	"paddock/app/tenant"
)

const (
	insertExerciseSQL = `insert into app.exercises (account_id, id, contract, symbol, side, qty, price, reference_price, asked_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, private.user_id())`
	recordExerciseSQL = "select private.record_exercise($1, $2, $3, $4)"
)

// Exercise asks the broker to exercise all contracts held of an option, named
// by its symbol or its asset's id, and returns the broker's answer. An exercise
// opens shares of the underlying, so the guards are asked first, as for an
// order of as many shares at the strike: a trigger on app.exercises asks them,
// and counts the exercise while the contracts are held.
//
// It ends with position_not_found, not_an_option, exercise_under_way,
// guard_refused, account_not_synced, price_unknown, or as passthrough.Relay does.
func (s *Service) Exercise(ctx context.Context, a tenant.Admission, r passthrough.Call, contract string) (*broker.Response, error) {
	access, err := s.openForTrading(ctx, a)
	if err != nil {
		return nil, err
	}
	positions, err := s.readPositions(ctx, a, access.Client)
	if err != nil {
		return nil, access.Explain(ctx, err)
	}
	at := slices.IndexFunc(positions.Value, func(p alpaca.Position) bool {
		return strings.EqualFold(p.Symbol, contract) || strings.EqualFold(p.AssetID, contract)
	})
	if at < 0 || !positions.Value[at].Qty.IsPositive() {
		return nil, problem.New(problem.PositionNotFound, "This account holds no contracts of %s to exercise. See GET /api/positions.", contract)
	}
	held := positions.Value[at]
	underlying, call, strike, is := broker.Contract(held.Symbol)
	if !is {
		return nil, problem.New(problem.NotAnOption, "%s is no option contract: only those can be exercised.", held.Symbol)
	}
	e := exercise{id: uuid.New(), contract: held.Symbol, underlying: underlying, side: "sell", shares: held.Qty.Mul(multiplier(held.Symbol)), strike: strike}
	if call {
		e.side = "buy"
	}
	if err := s.commitExercise(ctx, a, e); err != nil {
		return nil, err
	}
	answer, err := s.relay.Do(ctx, a, r)
	state := "accepted"
	switch {
	case problem.Is(err, problem.BrokerAnswerLost):
		return nil, err // it goes on counting
	case err != nil || answer.Status >= http.StatusBadRequest:
		state = "refused"
	}
	versions, keys := s.keys.Proof(a.Account)
	s.note(ctx, a, "the end of an exercise could not be recorded; it goes on counting", func(b *tenant.Batch) {
		b.Queue(recordExerciseSQL, versions, keys, e.id, state)
	})
	return answer, err
}

// exercise is a row of app.exercises.
type exercise struct {
	id                         uuid.UUID
	contract, underlying, side string
	shares, strike             decimal.Decimal
}

// commitExercise records an exercise before the broker is told, as soon as the
// account's guards accept it.
func (s *Service) commitExercise(ctx context.Context, a tenant.Admission, e exercise) error {
	for asking := s.newInquiry(); ; {
		var reference *string
		if price, known := asking.inputs.reference[e.underlying]; known {
			text := price.String()
			reference = &text
		}
		err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
			s.queueBalance(b, a.Account, asking.inputs.account)
			b.Queue(insertExerciseSQL, a.Account, e.id, e.contract, e.underlying, e.side, e.shares.String(), e.strike.String(), reference)
		})
		if tenant.SQLState(err) == "PD409" {
			return problem.New(problem.ExerciseUnderWay, "These contracts are being exercised already. See GET /api/positions and GET /api/account/activities.")
		}
		v, is := verdictIn(err)
		if !is {
			return err
		}
		if err := s.answerNeeds(ctx, a, &asking, v); err != nil {
			return err
		}
	}
}

// openForTrading opens the broker for somebody who may trade.
func (s *Service) openForTrading(ctx context.Context, a tenant.Admission) (access credentials.Access, err error) {
	access, _, err = s.openForClosing(ctx, a, "")
	if problem.Is(err, problem.GuardRefused) {
		err = nil // the trigger refuses it, with all reasons
	}
	return access, err
}
