package trading

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/go-playground/validator/v10"

	"paddock/app/problem"
)

// OrderRequest is an order as a client sends it. Names follow Alpaca's.
// Amounts are decimals: a JSON string, or a JSON number whose digits are taken
// as they stand.
type OrderRequest struct {
	Symbol              string  `json:"symbol" validate:"required,symbol"`
	Side                string  `json:"side" validate:"required,oneof=buy sell"`
	Type                string  `json:"type" validate:"required,oneof=market limit stop stop_limit"`
	TimeInForce         string  `json:"time_in_force" validate:"required,oneof=day gtc opg cls ioc fok"`
	Qty                 *Amount `json:"qty,omitempty"`
	Notional            *Amount `json:"notional,omitempty"`
	LimitPrice          *Amount `json:"limit_price,omitempty"`
	StopPrice           *Amount `json:"stop_price,omitempty"`
	ExtendedHours       bool    `json:"extended_hours,omitempty"`
	ClientOrderID       string  `json:"client_order_id,omitempty" validate:"omitempty,max=128,printascii"`
	OrchestratorAgentID string  `json:"orchestrator_agent_id,omitempty" validate:"omitempty,max=128"`
	Tag                 string  `json:"tag,omitempty" validate:"omitempty,max=128"`
}

// symbolText is what Alpaca's symbols consist of: AAPL, BRK.B, BTC/USD, and
// option contracts.
var symbolText = regexp.MustCompile(`^[A-Z0-9][A-Z0-9./-]{0,31}$`)

var validate = newValidator()

func newValidator() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	err := v.RegisterValidation("symbol", func(f validator.FieldLevel) bool { return symbolText.MatchString(f.Field().String()) })
	if err != nil {
		panic(err) // only an empty name can fail
	}
	v.RegisterTagNameFunc(jsonName)
	return v
}

// maxDigits bounds an amount on either side of its point: far above any real
// one, far below what would cost anything to compute with.
const maxDigits = 18

// Check answers a problem of code invalid_order that names the field and what
// it should be.
func (r *OrderRequest) Check() error {
	if err := validate.Struct(r); err != nil {
		return explainField(err)
	}
	for _, text := range []string{r.Tag, r.OrchestratorAgentID} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return invalidOrder(`"tag" and "orchestrator_agent_id" must be plain text.`)
		}
	}
	for name, amount := range map[string]*Amount{
		"qty": r.Qty, "notional": r.Notional, "limit_price": r.LimitPrice, "stop_price": r.StopPrice,
	} {
		if amount == nil {
			continue
		}
		if amount.text != "" {
			return invalidOrder("%q must be a number, such as \"1.5\".", name)
		}
		// Decimals parse 1e999999: look at the exponent before computing.
		if amount.Exponent() > maxDigits || amount.Exponent() < -maxDigits || amount.NumDigits()+int(amount.Exponent()) > maxDigits {
			return invalidOrder("%q has too many digits: give at most %d on either side of the point.", name, maxDigits)
		}
		if !amount.IsPositive() {
			return invalidOrder("%q must be greater than 0.", name)
		}
	}
	switch {
	case (r.Qty == nil) == (r.Notional == nil):
		return invalidOrder(`Give either "qty" or "notional", and not both.`)
	case needsLimit(r.Type) && r.LimitPrice == nil:
		return invalidOrder(`A %s order needs a "limit_price".`, r.Type)
	case !needsLimit(r.Type) && r.LimitPrice != nil:
		return invalidOrder(`A %s order takes no "limit_price".`, r.Type)
	case needsStop(r.Type) && r.StopPrice == nil:
		return invalidOrder(`A %s order needs a "stop_price".`, r.Type)
	case !needsStop(r.Type) && r.StopPrice != nil:
		return invalidOrder(`A %s order takes no "stop_price".`, r.Type)
	case r.ExtendedHours && r.Type != "limit":
		return invalidOrder(`"extended_hours" is for limit orders.`)
	}
	return nil
}

func needsLimit(kind string) bool { return kind == "limit" || kind == "stop_limit" }
func needsStop(kind string) bool  { return kind == "stop" || kind == "stop_limit" }

// hash tells a retry of the same order from another order under its id.
func (r *OrderRequest) hash() []byte {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings, booleans and decimals always marshal
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// forBroker is the order as the SDK sends it.
func (r *OrderRequest) forBroker() alpaca.PlaceOrderRequest {
	return alpaca.PlaceOrderRequest{
		Symbol:        r.Symbol,
		Qty:           r.Qty.decimal(),
		Notional:      r.Notional.decimal(),
		Side:          alpaca.Side(r.Side),
		Type:          alpaca.OrderType(r.Type),
		TimeInForce:   alpaca.TimeInForce(r.TimeInForce),
		LimitPrice:    r.LimitPrice.decimal(),
		StopPrice:     r.StopPrice.decimal(),
		ExtendedHours: r.ExtendedHours,
		ClientOrderID: r.ClientOrderID,
	}
}

func invalidOrder(format string, args ...any) *problem.Problem {
	return problem.New(problem.Invalid, "invalid_order", format, args...)
}

// explainField puts a failed rule into a sentence.
func explainField(err error) error {
	var fields validator.ValidationErrors
	if !errors.As(err, &fields) || len(fields) == 0 {
		return fmt.Errorf("validate the order: %w", err)
	}
	f := fields[0]
	switch f.Tag() {
	case "required":
		return invalidOrder("%q is missing.", f.Field())
	case "oneof":
		return invalidOrder("%q must be one of: %s.", f.Field(), strings.Join(strings.Fields(f.Param()), ", "))
	case "max":
		return invalidOrder("%q is too long: at most %s characters.", f.Field(), f.Param())
	case "symbol":
		return invalidOrder(`"symbol" must be a symbol as Alpaca writes it, such as AAPL, BRK.B or BTC/USD.`)
	case "printascii":
		return invalidOrder("%q must be printable ASCII.", f.Field())
	}
	return invalidOrder("%q is not valid.", f.Field())
}
