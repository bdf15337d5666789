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

// Client calls Alpaca with one account's credentials. It is made for one
// request, or one stream.
type Client struct {
	broker      *Broker
	credentials Credentials
	env         Environment
	base        string
	account     string     // the key of its token bucket
	owner       string     // the user who owns the account
	lowPriority bool       // leaves half of the bucket to others, and waits for it
	noWait      bool       // leaves half of the bucket to others, and does not wait
	spare       bool       // noWait, and heeds what Alpaca says is left
	sharer      string     // who uses the account's requests; "" is nobody in particular
	urgent      bool       // goes before all others
	query       url.Values // replaces the SDK's query, where it is set
	fields      Fields     // added to those that the SDK sends
	takesAsSaid bool       // a 401 is not confirmed: see CheckKeys
}

// Option changes a Client.
type Option func(*Client)

// WithAccount names the account whose bucket of requests the client uses, and
// the user who owns it.
func WithAccount(id, owner string) Option {
	return func(c *Client) { c.account, c.owner = id, owner }
}

// WithLowPriority makes the client leave half of the account's bucket to people
// who wait for an answer. It waits for its turn, for a while.
func WithLowPriority() Option { return func(c *Client) { c.lowPriority = true } }

// LowPriority returns a client of the same account that leaves half of its
// bucket to others. It waits for its turn, for a while.
func (c *Client) LowPriority() *Client {
	behind := *c
	behind.lowPriority = true
	return &behind
}

// LowPriorityNoWait returns a client of the same account that leaves half of
// its bucket to others, and ends with RateLimited instead of waiting.
func (c *Client) LowPriorityNoWait() *Client {
	sparing := *c
	sparing.noWait = true
	return &sparing
}

// Spare returns a client of the same account that goes behind all others: it does
// what that of LowPriorityNoWait does, and ends with RateLimited, too, where Alpaca
// has said within the last minute that less than a quarter of the account's requests
// is left. Other programs with the same keys use them as well.
func (c *Client) Spare() *Client {
	last := *c
	last.spare = true
	return &last
}

// Client makes a client. It refuses empty credentials, for which the SDK would
// use the process's own.
func (b *Broker) Client(env Environment, c Credentials, options ...Option) (*Client, error) {
	base, err := b.url(env)
	if err != nil {
		return nil, err
	}
	if c.KeyID.Reveal() == "" || c.SecretKey.Reveal() == "" {
		return nil, errors.New("a client needs both parts of the key")
	}
	client := &Client{broker: b, credentials: c, env: env, base: base}
	for _, option := range options {
		option(client)
	}
	return client, nil
}

// Answer is an answer in Alpaca's JSON; fields that the SDK does not know are
// kept in Raw. Orders, positions and activities are read one by one: each item
// in Raw and Value is in the documented form, without what could not be read of
// it.
type Answer[T any] struct {
	Value     T
	Raw       json.RawMessage
	RequestID string // X-Request-ID, which Alpaca's support asks for
	Odd       []Odd  // items that were not in the documented form
	// ServerTime is when the broker answered, by its own clock in whole
	// seconds, and RequestedAt when we asked, by ours. ServerTime is zero where
	// the answer has no usable Date.
	ServerTime, RequestedAt time.Time
	Items                   []json.RawMessage // of a list: the JSON of each item in Value
	Listed                  int               // of a list: how many items it had, unusable ones included
}

// The types of answers.
type (
	AccountAnswer   = Answer[*alpaca.Account]
	OrderAnswer     = Answer[*alpaca.Order]
	OrdersAnswer    = Answer[[]alpaca.Order]
	PositionsAnswer = Answer[[]alpaca.Position]
	ClockAnswer     = Answer[*alpaca.Clock]
	AssetAnswer     = Answer[*alpaca.Asset]
)

// decoder parses the body of a 2xx answer. The SDK would refuse the whole body
// for one field of one item.
type decoder[T any] func(body []byte) (Answer[T], error)

// decodeObject parses an object, which stays as it came.
func decodeObject[T any](body []byte) (Answer[*T], error) {
	value, err := readObject[T](body)
	return Answer[*T]{Value: value, Raw: body}, err
}

// decodeList parses a list item by item.
func decodeList[T any](item readItem) decoder[[]T] {
	return func(body []byte) (a Answer[[]T], err error) {
		return readList[T](body, item)
	}
}

// rawItem accepts an item as it came.
func rawItem(raw []byte) (json.RawMessage, *Odd) { return raw, nil }

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
	unmarshalLenient(clean, a.Value)
	return a, nil
}

// positions parses positions. One without a quantity is in Raw alone.
func positions(body []byte) (Answer[[]alpaca.Position], error) {
	a, err := decodeList[alpaca.Position](ReadPosition)(body)
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

// oddAnswer is the error for an order of which nothing could be used.
type oddAnswer struct{ odd *Odd }

func (a *oddAnswer) Error() string { return "the order that the broker answered cannot be read" }

// Account reads the broker's account. Fields that cannot be read are zero in
// Value: see Amount.
func (c *Client) Account(ctx context.Context) (AccountAnswer, error) {
	return read(ctx, c, "account", func(sdk *alpaca.Client) error { _, err := sdk.GetAccount(); return err }, decodeObject[alpaca.Account])
}

// Positions reads all open positions.
func (c *Client) Positions(ctx context.Context) (PositionsAnswer, error) {
	return read(ctx, c, "positions", func(sdk *alpaca.Client) error { _, err := sdk.GetPositions(); return err }, positions)
}

// Orders reads a page of orders.
func (c *Client) Orders(ctx context.Context, r alpaca.GetOrdersRequest) (OrdersAnswer, error) {
	return read(ctx, c, "orders", func(sdk *alpaca.Client) error { _, err := sdk.GetOrders(r); return err }, decodeList[alpaca.Order](ReadOrder))
}

// OrdersBy reads a page of orders by Alpaca's own parameters, some of which the
// SDK does not know.
func (c *Client) OrdersBy(ctx context.Context, q url.Values) (OrdersAnswer, error) {
	asking := *c
	asking.query = q
	return asking.Orders(ctx, alpaca.GetOrdersRequest{})
}

// Order reads one order by the broker's id.
func (c *Client) Order(ctx context.Context, id string) (OrderAnswer, error) {
	return read(ctx, c, "orders", func(sdk *alpaca.Client) error { _, err := sdk.GetOrder(id); return err }, anOrder)
}

// OrderByClientOrderID reads one order by the id that we gave it. NotFound soon
// after it was sent proves nothing: ask again for some time.
func (c *Client) OrderByClientOrderID(ctx context.Context, id string) (OrderAnswer, error) {
	return read(ctx, c, "orders", func(sdk *alpaca.Client) error { _, err := sdk.GetOrderByClientOrderID(id); return err }, anOrder)
}

// Clock reads the market's clock.
func (c *Client) Clock(ctx context.Context) (ClockAnswer, error) {
	return read(ctx, c, "clock", func(sdk *alpaca.Client) error { _, err := sdk.GetClock(); return err },
		func(body []byte) (ClockAnswer, error) {
			a, err := decodeObject[alpaca.Clock](body)
			if err == nil && a.Value.Timestamp.IsZero() {
				err = errors.New("the broker's clock tells no time")
			}
			return a, err
		})
}

// CalendarDay reads the trading day of a date, in Raw: a list of one or none.
// The SDK's type lacks the times of the extended session.
func (c *Client) CalendarDay(ctx context.Context, day time.Time) (Answer[[]alpaca.CalendarDay], error) {
	return read(ctx, c, "calendar", func(sdk *alpaca.Client) error {
		_, err := sdk.GetCalendar(alpaca.GetCalendarRequest{Start: day, End: day})
		return err
	}, decodeList[alpaca.CalendarDay](rawItem))
}

// Asset reads what a symbol is and allows.
func (c *Client) Asset(ctx context.Context, symbol string) (AssetAnswer, error) {
	return read(ctx, c, "assets", func(sdk *alpaca.Client) error { _, err := sdk.GetAsset(url.PathEscape(symbol)); return err }, decodeObject[alpaca.Asset])
}

// PlaceOrder sends an order, once. Only Ambiguous leaves open whether it was
// placed.
func (c *Client) PlaceOrder(ctx context.Context, r alpaca.PlaceOrderRequest) (OrderAnswer, error) {
	return trade(ctx, c, "place", func(sdk *alpaca.Client) error { _, err := sdk.PlaceOrder(r); return err }, anOrder)
}

// ReplaceOrder asks once for an order in place of another, whose broker id is
// given. Only Ambiguous leaves open whether it was placed, and a placed one may
// still be rejected later.
func (c *Client) ReplaceOrder(ctx context.Context, id string, r alpaca.ReplaceOrderRequest) (OrderAnswer, error) {
	return trade(ctx, c, "replace", func(sdk *alpaca.Client) error { _, err := sdk.ReplaceOrder(id, r); return err }, anOrder)
}

// CancelOrder asks for an order's cancellation. It ends with Invalid where the
// order cannot be canceled any more.
func (c *Client) CancelOrder(ctx context.Context, id string) error {
	c = c.Urgent()
	_, err := trade(ctx, c, "cancel", func(sdk *alpaca.Client) error { return sdk.CancelOrder(id) }, nothing)
	return err
}

// CancelAllOrders asks for the cancellation of all open orders in one call. The
// list of open orders shows which could not be canceled.
func (c *Client) CancelAllOrders(ctx context.Context) error {
	c = c.Urgent()
	_, err := trade(ctx, c, "cancel", func(sdk *alpaca.Client) error { return sdk.CancelAllOrders() }, nothing)
	return err
}

// read calls an endpoint that changes nothing, and once more when the broker
// was not reached.
func read[T any](ctx context.Context, c *Client, endpoint string, do func(*alpaca.Client) error, decode decoder[T]) (Answer[T], error) {
	return retryOnce(ctx, func() (Answer[T], error) { return trade(ctx, c, endpoint, do, decode) })
}

// retryOnce runs do, which changes nothing, and once more when the broker was
// not reached.
func retryOnce[T any](ctx context.Context, do func() (T, error)) (T, error) {
	answer, err := do()
	var e *Error
	if errors.As(err, &e) && e.Kind == Unavailable && e.RetryAfter == 0 && e.Odd == nil {
		timer := time.NewTimer(100*time.Millisecond + rand.N(200*time.Millisecond)) // #nosec G404 -- it only spreads the times out
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
	return call(ctx, c, c.base, endpoint, func(x *roundTrip) error {
		x.query = c.query
		return do(alpaca.NewClient(alpaca.ClientOpts{
			APIKey: c.credentials.KeyID.Reveal(), APISecret: c.credentials.SecretKey.Reveal(), BaseURL: c.base,
			RetryLimit: -1, // 0 would mean 3, and the retries would have an empty body
			HTTPClient: x.client(),
		}))
	}, decode)
}

// acquire waits for the account's turn at a host and asks its breakers. It
// returns the key of the bucket, and a function to call with the outcome.
func (c *Client) acquire(ctx context.Context, host, endpoint string) (bucket string, done func(fault), refused *Error) {
	bucket = c.account + " " + host
	wait := c.broker.limits.wait
	switch {
	case c.urgent:
		wait = c.broker.limits.waitUrgent
	case c.spare:
		wait = c.broker.limits.trySpare
	case c.noWait:
		wait = c.broker.limits.tryLowPriority
	case c.lowPriority:
		wait = c.broker.limits.waitLowPriority
	case c.sharer != "":
		wait = func(ctx context.Context, bucket string) *Error {
			return c.broker.limits.waitShared(ctx, bucket, c.sharer)
		}
	}
	if err := wait(ctx, bucket); err != nil {
		return bucket, nil, err
	}
	done, refused = c.broker.breakers.allow(c.owner, c.account, host+" "+endpoint)
	return bucket, done, refused
}

// call makes one request: it waits for its turn, does the round trip, and
// classifies a failure. A complete 2xx answer never counts against the broker,
// even if it cannot be parsed.
func call[T any](ctx context.Context, c *Client, host, endpoint string, do func(*roundTrip) error, decode decoder[T]) (Answer[T], error) {
	var answer Answer[T]
	bucket, done, refused := c.acquire(ctx, host, endpoint)
	end := c.begin(ctx, Trading, endpoint)
	if refused != nil {
		end(nil, refused)
		return answer, refused
	}
	bounded, cancel := context.WithTimeout(ctx, c.broker.config.Timeout)
	defer cancel()
	x := &roundTrip{ctx: bounded, transport: foreign{c.broker.transport, c.credentials}, maxBody: c.broker.config.MaxBody, clocks: c.broker.clocks, host: host, fields: c.fields}
	asked := time.Now()
	err := do(x)
	if x.header != nil {
		c.broker.limits.update(bucket, x.header)
	}
	if !x.succeeded() {
		failure := c.classify(ctx, x, err)
		done(blame(ctx, x, failure))
		end(x, failure)
		if failure.Kind == Unauthorized && !c.takesAsSaid {
			failure = c.confirm(ctx, failure)
		}
		return answer, failure
	}
	done(noFault)
	if answer, err = decode(x.body); err != nil {
		failure := c.classify(ctx, x, err)
		var a *oddAnswer
		if errors.As(err, &a) {
			failure.Odd = a.odd
		}
		end(x, failure)
		return answer, failure
	}
	end(x, nil)
	answer.RequestID = clean(x.header.Get("X-Request-ID"))
	answer.ServerTime, answer.RequestedAt = serverDate(x.header), asked
	return answer, nil
}

// classify decides what a failure means, by what happened on the wire and never
// by an error's text. ctx is the caller's.
func (c *Client) classify(ctx context.Context, x *roundTrip, err error) *Error {
	e := &Error{HTTPStatus: x.status}
	if x.header != nil {
		e.RequestID = clean(x.header.Get("X-Request-ID"))
	}
	var said struct {
		Code     int    `json:"code"`
		Message  string `json:"message"`
		Existing string `json:"existing_order_id"`
	}
	if json.Unmarshal(x.body, &said) == nil {
		e.Code, e.Message, e.ExistingOrderID = said.Code, clean(said.Message), clean(said.Existing)
		e.More = more(x.body)
	}
	safe := x.method == http.MethodGet || x.method == ""
	switch {
	case x.status == 0 && (safe || !x.onWire.Load()) && ctx.Err() != nil:
		return canceled(ctx)
	case x.status == 0 && (safe || !x.onWire.Load()):
		e.Kind, e.Cause = Unavailable, withoutBytes(err)
	case x.status == 0:
		e.Kind, e.Cause = Ambiguous, withoutBytes(err)
	case x.status == http.StatusUnauthorized:
		e.Kind = Unauthorized
	case x.status == http.StatusForbidden:
		e.Kind = Forbidden
	case x.status == http.StatusNotFound:
		e.Kind = NotFound
	case x.status == http.StatusTooManyRequests:
		e.Kind, e.RetryAfter = RateLimited, retryAfter(x.header)
	case x.status >= 400 && x.status < 500 && (safe || x.status != http.StatusRequestTimeout): // 408 is a proxy's, which may have sent the request on
		e.Kind = Invalid
	case safe: // a 5xx, or a 2xx that could not be read
		e.Kind, e.Cause = Unavailable, errors.New("the broker's answer could not be used")
	default:
		e.Kind, e.Cause = Ambiguous, errors.New("the broker's answer could not be used")
	}
	return e
}
