package trading

import (
	"context"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// CheckFractions ends with invalid_order where Alpaca trades a symbol in whole numbers
// alone. A symbol that it does not know is left to the order itself.
func (s *Service) CheckFractions(ctx context.Context, a tenant.Admission, symbol string) error {
	access, err := s.keys.Open(ctx, a, s.db.Tx, nil)
	if err != nil {
		return err
	}
	asset, err := access.Client.KeptAsset(ctx, symbol)
	switch {
	case broker.IsKind(err, broker.NotFound):
		return nil
	case err != nil:
		return access.Explain(ctx, err)
	case asset.Value != nil && !asset.Value.Fractionable:
		return problem.New(problem.InvalidOrder, "%s is traded in whole numbers alone.", symbol)
	}
	return nil
}
