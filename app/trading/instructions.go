package trading

import (
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/broker"
)

// Instructions tell Alpaca's smart router how to execute an order
// (advanced_instructions). Alpaca decides which of them can be combined.
type Instructions struct {
	Algorithm     string  `json:"algorithm,omitempty" validate:"omitempty,max=32,printascii"`
	Destination   string  `json:"destination,omitempty" validate:"omitempty,max=32,printascii"`
	DisplayQty    *Amount `json:"display_qty,omitempty"`
	StartTime     string  `json:"start_time,omitempty"`
	EndTime       string  `json:"end_time,omitempty"`
	MaxPercentage *Amount `json:"max_percentage,omitempty"` // of the volume; 0.314 is 31.4 %
}

func (i *Instructions) check() error {
	if i == nil {
		return nil
	}
	for _, f := range []field{{"advanced_instructions.display_qty", i.DisplayQty}, {"advanced_instructions.max_percentage", i.MaxPercentage}} {
		if err := f.amount.check(f.field); err != nil {
			return err
		}
	}
	if i.MaxPercentage != nil && i.MaxPercentage.GreaterThanOrEqual(decimal.NewFromInt(1)) {
		return invalidOrder(`"advanced_instructions.max_percentage" must be greater than 0 and less than 1.`)
	}
	for name, at := range map[string]string{"start_time": i.StartTime, "end_time": i.EndTime} {
		if _, err := time.Parse(time.RFC3339, at); at != "" && err != nil {
			return invalidOrder(`"advanced_instructions.%s" must be a time such as 2026-11-25T15:30:00-05:00.`, name)
		}
	}
	return nil
}

// fields returns what the SDK's request lacks.
func (i *Instructions) fields() broker.Fields {
	if i == nil {
		return nil
	}
	return broker.Fields{"advanced_instructions": i}
}
