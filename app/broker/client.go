package broker

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
)

// Client calls Alpaca as one account. It is made for a request and dropped
// with it.
type Client struct {
	broker      *Broker
	credentials Credentials
	base        string
	account     string     // the key of its token bucket
	background  bool       // others go first
	sparing     bool       // there is another answer where it costs too much
	query       url.Values // in place of the SDK's, where it is set
	fields      Fields     // beside those that the SDK sends
}

// Option changes a Client.
type Option func(*Client)

// WithAccount names the account whose requests are counted together.
func WithAccount(id string) Option { return func(c *Client) { c.account = id } }

// InBackground leaves half of the account's bucket to whoever waits for an
// answer, for a while.
func InBackground() Option { return func(c *Client) { c.background = true } }

// Behind answers a client of the same account that leaves half of its bucket to
// others, for a while.
func (c *Client) Behind() *Client {
	behind := *c
	behind.background = true
	return &behind
}

// Sparing answers a client of the same account that takes no request from the
// half of its bucket that others may need at once: it is told RateLimited, and
// waits for nothing.
func (c *Client) Sparing() *Client {
	sparing := *c
	sparing.sparing = true
	return &sparing
}

// Client makes a client. Empty credentials are refused: the SDK would take the
// process's own instead.
func (b *Broker) Client(env Environment, c Credentials, options ...Option) (*Client, error) {
	base, err := b.url(env)
	if err != nil {
		return nil, err
	}
	if c.KeyID.Reveal() == "" || c.SecretKey.Reveal() == "" {
		return nil, errors.New("a client needs both parts of the key")
	}
	client := &Client{broker: b, credentials: c, base: base}
	for _, option := range options {
		option(client)
	}
	return client, nil
}

// Answer is what came back, as Alpaca wrote it: fields that the SDK does not
// know are kept in Raw. Orders, positions and activities are read one by one: in
// Raw, as in Value, each is in its form, without what could not be read of it.
type Answer[T any] struct {
	Value     T
	Raw       json.RawMessage
	RequestID string // X-Request-ID, which Alpaca's support asks for
	Odd       []Odd  // what was not in the form that Alpaca documents
	// Told is when the broker answered, by its own clock in whole seconds, and
	// Asked when that was asked for. Told is zero where the answer does not say.
	Told, Asked time.Time
	Items       []json.RawMessage // of a list: what Raw has of each of Value
	Listed      int               // of a list: how many items it had, those that could not be used among them
}

// The answers by name.
type (
	AccountAnswer   = Answer[*alpaca.Account]
	OrderAnswer     = Answer[*alpaca.Order]
	OrdersAnswer    = Answer[[]alpaca.Order]
	PositionsAnswer = Answer[[]alpaca.Position]
	ClockAnswer     = Answer[*alpaca.Clock]
	AssetAnswer     = Answer[*alpaca.Asset]
)

// decoder reads the body of an answer of 2xx. The SDK would refuse the whole for
// one field of one item.
type decoder[T any] func(body []byte) (Answer[T], error)

// anObject reads an object that is passed on as it came.
func anObject[T any](body []byte) (Answer[*T], error) {
	value, err := readObject[T](body)
	return Answer[*T]{Value: value, Raw: body}, err
}

// aList reads a list item by item.
func aList[T any](item readItem) decoder[[]T] {
	return func(body []byte) (a Answer[[]T], err error) {
		return readList[T](body, item)
	}
}

// asItIs takes an item as it came.
func asItIs(raw []byte) (json.RawMessage, *Odd) { return raw, nil }

func anOrder(body []byte) (Answer[*alpaca.Order], error) {
	a := Answer[*alpaca.Order]{Value: &alpaca.Order{}}
	clean, odd := ReadOrder(body)
	if clean == nil {
		if odd == nil {
			odd = unread("order", "", "client_order_id: missing", body)
		}
		return a, &oddAnswer{odd}
	}
	if odd != nil {
		a.Odd = []Odd{*odd}
	}
	a.Raw = clean
	lenient(clean, a.Value)
	return a, nil
}

// positions are those that can be told: one without a quantity is in Raw alone.
func positions(body []byte) (Answer[[]alpaca.Position], error) {
	a, err := aList[alpaca.Position](ReadPosition)(body)
	told := a.Value[:0]
	for _, p := range a.Value {
		known := !slices.ContainsFunc(a.Odd, func(o Odd) bool { return o.Uncounted && o.ID == p.Symbol })
		if known {
			told = append(told, p)
		}
	}
	a.Value = told
	return a, err
}

func nothing([]byte) (Answer[struct{}], error) { return Answer[struct{}]{}, nil }

// oddAnswer is an order of which nothing could be used.
type oddAnswer struct{ odd *Odd }

func (a *oddAnswer) Error() string { return "the order that the broker answered cannot be read" }

// Account answers the broker's account. What cannot be read of it is zero in
// Value: see Amount.
func (c *Client) Account(ctx context.Context) (AccountAnswer, error) {
	return read(ctx, c, "account", func(sdk *alpaca.Client) error { _, err := sdk.GetAccount(); return err }, anObject[alpaca.Account])
}

// Positions answers all open positions.
func (c *Client) Positions(ctx context.Context) (PositionsAnswer, error) {
	return read(ctx, c, "positions", func(sdk *alpaca.Client) error { _, err := sdk.GetPositions(); return err }, positions)
}

// Orders answers a page of orders.
func (c *Client) Orders(ctx context.Context, r alpaca.GetOrdersRequest) (OrdersAnswer, error) {
	return read(ctx, c, "orders", func(sdk *alpaca.Client) error { _, err := sdk.GetOrders(r); return err }, aList[alpaca.Order](ReadOrder))
}

// OrdersBy answers a page of orders by Alpaca's own parameters, of which the SDK
// does not know all.
func (c *Client) OrdersBy(ctx context.Context, q url.Values) (OrdersAnswer, error) {
	asking := *c
	asking.query = q
	return asking.Orders(ctx, alpaca.GetOrdersRequest{})
}

// Order answers one order by the broker's id.
func (c *Client) Order(ctx context.Context, id string) (OrderAnswer, error) {
	return read(ctx, c, "orders", func(sdk *alpaca.Client) error { _, err := sdk.GetOrder(id); return err }, anOrder)
}

// OrderByClientOrderID answers one order by the id that we gave it. NotFound
// right after it was sent proves nothing: look again over a window.
func (c *Client) OrderByClientOrderID(ctx context.Context, id string) (OrderAnswer, error) {
	return read(ctx, c, "orders", func(sdk *alpaca.Client) error { _, err := sdk.GetOrderByClientOrderID(id); return err }, anOrder)
}

// Clock answers the market's clock.
func (c *Client) Clock(ctx context.Context) (ClockAnswer, error) {
	return read(ctx, c, "clock", func(sdk *alpaca.Client) error { _, err := sdk.GetClock(); return err },
		func(body []byte) (ClockAnswer, error) {
			a, err := anObject[alpaca.Clock](body)
			if err == nil && a.Value.Timestamp.IsZero() {
				err = errors.New("the broker's clock tells no time")
			}
			return a, err
		})
}

// CalendarDay answers the trading days of a date, in Raw: one, or none. The SDK
// leaves out when the extended session begins and ends.
func (c *Client) CalendarDay(ctx context.Context, day time.Time) (Answer[[]alpaca.CalendarDay], error) {
	return read(ctx, c, "calendar", func(sdk *alpaca.Client) error {
		_, err := sdk.GetCalendar(alpaca.GetCalendarRequest{Start: day, End: day})
		return err
	}, aList[alpaca.CalendarDay](asItIs))
}

// Asset answers what a symbol is and allows.
func (c *Client) Asset(ctx context.Context, symbol string) (AssetAnswer, error) {
	return read(ctx, c, "assets", func(sdk *alpaca.Client) error { _, err := sdk.GetAsset(url.PathEscape(symbol)); return err }, anObject[alpaca.Asset])
}

// PlaceOrder sends an order, once. Ambiguous alone leaves open whether it was
// placed.
func (c *Client) PlaceOrder(ctx context.Context, r alpaca.PlaceOrderRequest) (OrderAnswer, error) {
	return trade(ctx, c, "place", func(sdk *alpaca.Client) error { _, err := sdk.PlaceOrder(r); return err }, anOrder)
}

// ReplaceOrder asks for an order in another's place, once; id is the broker's
// of the one that goes. Ambiguous alone leaves open whether it was placed, and
// one that was may still be rejected later.
func (c *Client) ReplaceOrder(ctx context.Context, id string, r alpaca.ReplaceOrderRequest) (OrderAnswer, error) {
	return trade(ctx, c, "replace", func(sdk *alpaca.Client) error { _, err := sdk.ReplaceOrder(id, r); return err }, anOrder)
}

// CancelOrder asks for an order's cancellation. Invalid: it cannot be
// canceled any more.
func (c *Client) CancelOrder(ctx context.Context, id string) error {
	_, err := trade(ctx, c, "cancel", func(sdk *alpaca.Client) error { return sdk.CancelOrder(id) }, nothing)
	return err
}

// CancelAllOrders asks for the cancellation of every open order by one call,
// however many there are. Which of them could not be canceled shows in the list
// of open orders.
func (c *Client) CancelAllOrders(ctx context.Context) error {
	_, err := trade(ctx, c, "cancel", func(sdk *alpaca.Client) error { return sdk.CancelAllOrders() }, nothing)
	return err
}

// read calls a safe endpoint, and once more when the broker was not reached.
func read[T any](ctx context.Context, c *Client, endpoint string, do func(*alpaca.Client) error, decode decoder[T]) (Answer[T], error) {
	return again(ctx, func() (Answer[T], error) { return trade(ctx, c, endpoint, do, decode) })
}

// again does what changes nothing, and once more when the broker was not reached.
func again[T any](ctx context.Context, do func() (T, error)) (T, error) {
	answer, err := do()
	var e *Error
	if errors.As(err, &e) && e.Kind == Unavailable && e.RetryAfter == 0 && e.Odd == nil {
		timer := time.NewTimer(100*time.Millisecond + rand.N(200*time.Millisecond))
		defer timer.Stop()
		select {
		case <-timer.C:
			return do()
		case <-ctx.Done():
		}
	}
	return answer, err
}

func trade[T any](ctx context.Context, c *Client, endpoint string, do func(*alpaca.Client) error, decode decoder[T]) (Answer[T], error) {
	return call(ctx, c, c.base, endpoint, func(x *exchange) error {
		x.query = c.query
		return do(alpaca.NewClient(alpaca.ClientOpts{
			APIKey: c.credentials.KeyID.Reveal(), APISecret: c.credentials.SecretKey.Reveal(), BaseURL: c.base,
			RetryLimit: -1, // 0 would mean 3, with the request's body spent
			HTTPClient: x.client(),
		}))
	}, decode)
}

// turn waits for this account's turn at a host and asks the breaker's leave.
// It answers the bucket, and what to call with the outcome.
func (c *Client) turn(ctx context.Context, host, endpoint string) (bucket string, done func(fault), refused *Error) {
	bucket = c.account + " " + host
	wait := c.broker.limits.wait
	switch {
	case c.sparing:
		wait = c.broker.limits.spare
	case c.background:
		wait = c.broker.limits.waitBehind
	}
	if err := wait(ctx, bucket); err != nil {
		return bucket, nil, err
	}
	done, refused = c.broker.breakers.allow(c.account, host+" "+endpoint)
	return bucket, done, refused
}

// call is one request: its turn, the exchange, and what its failure means. An
// answer of 2xx that came whole is the broker's, whatever can be made of it, and
// is never held against it.
func call[T any](ctx context.Context, c *Client, host, endpoint string, do func(*exchange) error, decode decoder[T]) (Answer[T], error) {
	var answer Answer[T]
	bucket, done, refused := c.turn(ctx, host, endpoint)
	if refused != nil {
		return answer, refused
	}
	bounded, cancel := context.WithTimeout(ctx, c.broker.config.Timeout)
	defer cancel()
	x := &exchange{ctx: bounded, transport: c.broker.transport, maxBody: c.broker.config.MaxBody, clocks: c.broker.clocks, host: host, fields: c.fields}
	asked := time.Now()
	err := do(x)
	if x.header != nil {
		c.broker.limits.learn(bucket, x.header)
	}
	if !x.succeeded() {
		failure := c.explain(ctx, x, err)
		done(blame(ctx, x, failure))
		return answer, failure
	}
	done(nobody)
	if answer, err = decode(x.body); err != nil {
		failure := c.explain(ctx, x, err)
		var a *oddAnswer
		if errors.As(err, &a) {
			failure.Odd = a.odd
		}
		return answer, failure
	}
	answer.RequestID = clean(x.header.Get("X-Request-ID"), c.credentials)
	answer.Told, answer.Asked = dated(x.header), asked
	return answer, nil
}

// explain decides what a failure means. It goes by what happened on the wire
// and never by the text of an error. ctx is the caller's.
func (c *Client) explain(ctx context.Context, x *exchange, err error) *Error {
	e := &Error{HTTPStatus: x.status}
	if x.header != nil {
		e.RequestID = clean(x.header.Get("X-Request-ID"), c.credentials)
	}
	var said struct {
		Code     int    `json:"code"`
		Message  string `json:"message"`
		Existing string `json:"existing_order_id"`
	}
	if json.Unmarshal(x.body, &said) == nil {
		e.Code, e.Message, e.ExistingOrderID = said.Code, clean(said.Message, c.credentials), clean(said.Existing, c.credentials)
		e.More = more(x.body, c.credentials)
	}
	safe := x.method == http.MethodGet || x.method == ""
	switch {
	case x.status == 0 && (safe || !x.onWire.Load()) && ctx.Err() != nil:
		return gone(ctx)
	case x.status == 0 && (safe || !x.onWire.Load()):
		e.Kind, e.Cause = Unavailable, cleanCause(err, c.credentials)
	case x.status == 0:
		e.Kind, e.Cause = Ambiguous, cleanCause(err, c.credentials)
	case x.status == http.StatusUnauthorized:
		e.Kind = Unauthorized
	case x.status == http.StatusForbidden:
		e.Kind = Forbidden
	case x.status == http.StatusNotFound:
		e.Kind = NotFound
	case x.status == http.StatusTooManyRequests:
		e.Kind, e.RetryAfter = RateLimited, retryAfter(x.header)
	case x.status >= 400 && x.status < 500 && (safe || x.status != http.StatusRequestTimeout): // 408 is a proxy's: what it passed on is not known
		e.Kind = Invalid
	case safe: // 5xx, or a 2xx that could not be read
		e.Kind, e.Cause = Unavailable, errors.New("the broker's answer could not be used")
	default:
		e.Kind, e.Cause = Ambiguous, errors.New("the broker's answer could not be used")
	}
	return e
}
