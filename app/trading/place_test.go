package trading_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/app/underway"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// desk is an account at a simulated broker, with its owner and a viewer.
type desk struct {
	t             *testing.T
	pg            *pgtest.DB
	sim           *alpacasim.Sim
	seed          alpacasim.AccountSeed
	sent          atomic.Int64                 // the number of orders sent to the broker
	before        atomic.Pointer[http.Handler] // responds to POST /v2/orders instead of the simulator, if set
	watch         func(*http.Request)          // is called with each other request, if set
	front         http.HandlerFunc             // responds to other requests instead of the simulator, if set
	server        *httptest.Server
	service       *trading.Service
	owner, viewer tenant.Admission
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, pg: pgtest.New(t), seed: alpacasim.DemoAccounts(4)[0]}
	var err error
	if d.sim, err = alpacasim.New(alpacasim.Config{Seed: 4, Accounts: []alpacasim.AccountSeed{d.seed}, FillDelay: time.Nanosecond}); err != nil {
		t.Fatal(err)
	}
	real := d.sim.Handler()
	d.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/v2/orders" {
			d.sent.Add(1)
			if h := d.before.Load(); h != nil {
				(*h).ServeHTTP(w, r)
				return
			}
		}
		if d.watch != nil {
			d.watch(r)
		}
		if d.front != nil {
			d.front(w, r)
			return
		}
		real.ServeHTTP(w, r)
	}))
	t.Cleanup(d.server.Close)
	b, keys := kit.Broker(t, d.server.URL), kit.Keys(t)
	db := tenant.NewDB(d.pg.Pool(t, "paddock_app"), kit.SilentBell{})
	owner, viewer := kit.User(t, d.pg, "u1"), kit.User(t, d.pg, "u2")
	service := accounts.New(db, keys, b)
	made, err := service.Create(t.Context(), owner, "one", "paper")
	if err != nil {
		t.Fatal(err)
	}
	d.owner, d.viewer = tenant.Admission{Token: owner, Account: made.ID}, tenant.Admission{Token: viewer, Account: made.ID}
	if _, err := service.PutCredentials(t.Context(), d.owner, d.seed.KeyID, d.seed.SecretKey); err != nil {
		t.Fatal(err)
	}
	d.exec(`insert into app.account_grants (account_id, user_id, role) values ($1, 'u2', 'viewer')`, made.ID)
	log := slog.New(slog.DiscardHandler)
	d.service = trading.New(db, credentials.NewOpener(db, keys, b, log), log)
	return d
}

func (d *desk) exec(sql string, args ...any) {
	d.t.Helper()
	if _, err := d.pg.Conn(d.t, "admin").Exec(context.Background(), sql, args...); err != nil {
		d.t.Fatal(err)
	}
}

// answers makes the broker respond to orders with h, or normally again if h is
// nil.
func (d *desk) answers(h http.HandlerFunc) {
	if h == nil {
		d.before.Store(nil)
		return
	}
	var handler http.Handler = h
	d.before.Store(&handler)
}

func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-ID", "request-1")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // fails only if the client is gone
	}
}

func market(id string, qty int64) trading.OrderRequest {
	n := decimal.NewFromInt(qty)
	return trading.OrderRequest{Symbol: "AAPL", Side: "buy", Type: "market", TimeInForce: "day", Qty: &trading.Amount{Decimal: n}, ClientOrderID: id}
}

// order has some fields of an order in the API.
type order struct {
	ID            uuid.UUID `json:"id"`
	Status        string    `json:"status"`
	State         string    `json:"intent_state"`
	StatusMessage *string   `json:"status_message"`
	SubmittedBy   *string   `json:"submitted_by"`
	RequestID     *string   `json:"broker_request_id"`
}

func (d *desk) read(raw json.RawMessage) order {
	d.t.Helper()
	var o order
	if err := json.Unmarshal(raw, &o); err != nil {
		d.t.Fatalf("%s: %v", raw, err)
	}
	return o
}

// stored returns an order's intent state, status, message, error code and
// request id in the database.
func (d *desk) stored(id string) string {
	d.t.Helper()
	var text string
	err := d.pg.Conn(d.t, "admin").QueryRow(context.Background(), `select coalesce((select concat_ws(' ', intent_state, status, status_message, broker_error_code, broker_request_id)
		from app.alpaca_orders where account_id = $1 and client_order_id = $2), 'missing')`, d.owner.Account, id).Scan(&text)
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

// A client_order_id becomes at most one order, however often and however fast
// it is sent. Only exactly the same order counts as a retry.
func TestOneIntentIsOneOrder(t *testing.T) {
	d := newDesk(t)
	var placing sync.WaitGroup
	ids := make(chan uuid.UUID, 10)
	for range cap(ids) {
		placing.Go(func() {
			placed, err := d.service.Place(t.Context(), d.owner, "", market("a", 1))
			if err != nil {
				t.Error(err)
				return
			}
			var o order
			if err := json.Unmarshal(placed.Order, &o); err != nil {
				t.Error(err)
			}
			ids <- o.ID
		})
	}
	placing.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Errorf("the requests returned order %s and order %s", first, id)
		}
	}
	if n := d.sent.Load(); n != 1 {
		t.Errorf("%d orders were sent", n)
	}
	again, err := d.service.Place(t.Context(), d.owner, "", market("a", 1))
	if o := d.read(again.Order); err != nil || !again.Known || o.ID != first || o.State != "accepted" || *o.SubmittedBy != "u1" || o.RequestID == nil {
		t.Errorf("a repetition: %s, known %v (%v)", again.Order, again.Known, err)
	}
	if _, err := d.service.Place(t.Context(), d.owner, "", market("a", 2)); !problem.Is(err, problem.ClientOrderIDTaken) {
		t.Errorf("another order under its id: %v", err)
	}
	if n := d.sent.Load(); n != 1 {
		t.Errorf("%d orders were sent", n)
	}
	for range 2 { // without a client_order_id each request is an order of its own
		if _, err := d.service.Place(t.Context(), d.owner, "", market("", 1)); err != nil {
			t.Error(err)
		}
	}
	if n := len(d.sim.Orders(d.seed.KeyID)); n != 3 {
		t.Errorf("the broker has %d orders, want 3", n)
	}
}

// The broker's answer decides what becomes of an order, and the result of its
// retry. A refusal is final, and the retry gets it too. An order that surely
// never arrived is sent again. If the answer leaves open whether the order
// arrived, the intent waits to be looked up, and the order is not sent again.
func TestAnswersDecideTheOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		code   problem.Code // empty if the outcome is open
		stored string
		again  problem.Code // the code that the retry gets
		sent   int64        // how often the order is sent in both requests
	}{
		"no money": {say(403, `{"code":40310000,"message":"insufficient buying power"}`), problem.OrderRejected,
			"rejected rejected insufficient buying power 40310000 request-1", problem.OrderRejected, 1},
		"not so": {say(422, `{"code":42210000,"message":"invalid qty"}`), problem.OrderRejected,
			"rejected rejected invalid qty 42210000 request-1", problem.OrderRejected, 1},
		"no words": {say(422, ``), problem.OrderRejected, "rejected rejected request-1", problem.OrderRejected, 1},
		"too many": {say(429, `{"code":42910000,"message":"too many requests"}`), problem.BrokerRateLimited,
			"unsent rejected This account has used up its requests to Alpaca for the moment. Wait as Retry-After says. 42910000 request-1", problem.Code{}, 2},
		"a refusal of keys that work": {say(401, `{"code":40110000,"message":"request is not authorized"}`), problem.BrokerUnavailable,
			"unsent rejected Alpaca refused the keys for this request, and has not confirmed it for the account itself, so they stay as they are. Try again in a few seconds. 40110000 request-1",
			problem.Code{}, 2},
		"a failure":      {say(500, `{"code":50010000,"message":"internal server error"}`), problem.Code{}, "submitting submitting", problem.Code{}, 1},
		"a proxy's":      {say(408, ``), problem.Code{}, "submitting submitting", problem.Code{}, 1},
		"nonsense":       {say(200, `<html>`), problem.Code{}, "submitting submitting", problem.Code{}, 1},
		"another answer": {say(200, `{}`), problem.Code{}, "submitting submitting", problem.Code{}, 1},
		"no answer":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, problem.Code{}, "submitting submitting", problem.Code{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.answers(tt.answer)
			placed, err := d.service.Place(t.Context(), d.owner, "", market("a", 1))
			said := ""
			if err != nil {
				said = problem.Of(err).Message
			}
			switch {
			case tt.code.IsZero() && (err != nil || placed.Known || d.read(placed.Order).State != "submitting"):
				t.Errorf("returned %s, known %v (%v)", placed.Order, placed.Known, err)
			case !tt.code.IsZero() && !problem.Is(err, tt.code):
				t.Errorf("got %v, want %s", err, tt.code)
			}
			if got := d.stored("a"); got != tt.stored {
				t.Errorf("stored is %q, want %q", got, tt.stored)
			}
			d.answers(nil)
			again, err := d.service.Place(t.Context(), d.owner, "", market("a", 1))
			switch {
			case !tt.again.IsZero() && (!problem.Is(err, tt.again) || problem.Of(err).Message != said):
				t.Errorf("the retry: %v, want the first message: %s", err, said)
			case tt.again.IsZero() && (err != nil || again.Known != (tt.sent == 2)):
				t.Errorf("the retry: %s, known %v (%v)", again.Order, again.Known, err)
			}
			if n := d.sent.Load(); n != tt.sent {
				t.Errorf("%d orders were sent, want %d", n, tt.sent)
			}
		})
	}
}

// From before an order is sent until its answer is recorded it is known as under way, so
// that the account's stream can let the answer go first.
func TestOrdersAreUnderWayUntilTheirAnswerIsRecorded(t *testing.T) {
	d := newDesk(t)
	d.service.UnderWay = underway.New()
	d.service.UnderWay.Most = time.Minute
	admin, seen := d.pg.Conn(t, "admin"), make(chan string, 1)
	d.watch = func(r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/v2/orders" {
			go func() {
				d.service.UnderWay.Wait(t.Context(), d.owner.Account, "a")
				var state string
				if err := admin.QueryRow(t.Context(), "select intent_state from app.alpaca_orders where client_order_id = 'a'").Scan(&state); err != nil {
					state = err.Error()
				}
				seen <- state
			}()
		}
	}
	if _, err := d.service.Place(t.Context(), d.owner, "", market("a", 1)); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got != "accepted" {
		t.Errorf("an update of the order would not have waited: the order was %q", got)
	}
}

// A viewer can neither place nor cancel an order, and a refused request leaves
// no intent. On an account of somebody else nobody can place an order.
func TestTradingNeedsTheRight(t *testing.T) {
	d := newDesk(t)
	placed, err := d.service.Place(t.Context(), d.owner, "", market("mine", 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.service.Place(t.Context(), d.viewer, "", market("a", 1)); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a viewer places: %v", err)
	}
	if _, err := d.service.Cancel(t.Context(), d.viewer, d.read(placed.Order).ID); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a viewer cancels: %v", err)
	}
	stranger := tenant.Admission{Token: d.viewer.Token, Account: uuid.New()}
	if _, err := d.service.Place(t.Context(), stranger, "", market("a", 1)); !problem.Is(err, problem.AccountForbidden) {
		t.Errorf("a stranger places: %v", err)
	}
	if got := d.stored("a"); got != "missing" || d.sent.Load() != 1 {
		t.Errorf("stored is %q, and %d were sent", got, d.sent.Load())
	}
	if _, err := d.service.Positions(t.Context(), d.viewer); err != nil {
		t.Errorf("a viewer reads positions: %v", err)
	}
}

// If the client leaves while its order is being sent, the order is still placed
// and recorded.
func TestClientMayLeave(t *testing.T) {
	d := newDesk(t)
	ctx, leave := context.WithCancel(t.Context())
	real := d.sim.Handler()
	d.answers(func(w http.ResponseWriter, r *http.Request) {
		leave()
		time.Sleep(100 * time.Millisecond)
		real.ServeHTTP(w, r)
	})
	placed, err := d.service.Place(ctx, d.owner, "", market("a", 1))
	if err != nil || !placed.Known || !strings.HasPrefix(d.stored("a"), "accepted pending_new") {
		t.Errorf("known %v (%v), stored %q", placed.Known, err, d.stored("a"))
	}
}

// If the broker cannot be reached no order is placed, and the intent is marked
// unsent.
func TestBrokerIsNotThere(t *testing.T) {
	d := newDesk(t)
	d.server.Close()
	_, err := d.service.Place(t.Context(), d.owner, "", market("a", 1))
	if p := problem.Of(err); p.Code != problem.BrokerUnavailable || p.RetryAfter <= 0 {
		t.Errorf("got %v", err)
	}
	if got := d.stored("a"); !strings.HasPrefix(got, "unsent rejected") {
		t.Errorf("stored is %q", got)
	}
}

// An open order can be canceled. For a closed order the error says why not.
func TestCancel(t *testing.T) {
	d := newDesk(t)
	placed, err := d.service.Place(t.Context(), d.owner, "", market("a", 1))
	if err != nil {
		t.Fatal(err)
	}
	id := d.read(placed.Order).ID
	raw, err := d.service.Cancel(t.Context(), d.owner, id)
	if err != nil || d.read(raw).Status != "canceled" {
		t.Errorf("got %s (%v)", raw, err)
	}
	_, err = d.service.Cancel(t.Context(), d.owner, id)
	if p := problem.Of(err); p.Code != problem.OrderNotCancelable || p.Kind() != problem.KindConflict || !strings.Contains(p.Message, "canceled") {
		t.Errorf("canceled twice: %v", err)
	}
	if _, err := d.service.Cancel(t.Context(), d.owner, uuid.New()); !problem.Is(err, problem.OrderNotFound) {
		t.Errorf("no such order: %v", err)
	}
	d.answers(say(500, ""))
	lost, err := d.service.Place(t.Context(), d.owner, "", market("b", 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.service.Cancel(t.Context(), d.owner, d.read(lost.Order).ID); !problem.Is(err, problem.OrderNotCancelable) {
		t.Errorf("one whose answer was lost: %v", err)
	}
}

// A client_order_id that Paddock made belongs to one order. If Alpaca says that
// it is in use, this very order has arrived, so it is looked up and not
// refused. For an id that the client chose this does not follow.
func TestAnIdThatIsTakenByTheOrderItself(t *testing.T) {
	d := newDesk(t)
	d.synced()
	d.answers(say(422, `{"code":40010001,"message":"client_order_id must be unique"}`))
	placed, err := d.service.Place(t.Context(), d.owner, "", market("", 1))
	if err != nil || placed.Known || d.read(placed.Order).State != "submitting" {
		t.Errorf("%s, %v", placed.Order, err)
	}
	if _, err := d.service.Place(t.Context(), d.owner, "", market("mine", 1)); !problem.Is(err, problem.OrderRejected) {
		t.Errorf("a client's own id: %v", err)
	}
}

// If Alpaca refuses an order as a possible wash trade, the problem contains the
// other order.
func TestWashTradeNamesTheOrder(t *testing.T) {
	d := newDesk(t)
	d.sim.SetAlwaysOpen(true)
	d.buy("AAPL", "buy", "5")
	mine := d.resting("mine", "1", "90")
	err := place(d, request(t, `{"symbol":"AAPL","side":"sell","type":"market","time_in_force":"day","qty":"1"}`))
	p := problem.Of(err)
	details, _ := p.Details.(map[string]any)
	orders, _ := details["collisions"].([]json.RawMessage)
	if p.Code != problem.OrderRejected || len(orders) != 1 || d.read(orders[0]).ID != mine.ID || p.Broker == nil || p.Broker.Code != 40310000 {
		t.Errorf("%v, details %v", err, p.Details)
	}

	// An order that was placed elsewhere is only named by Alpaca's id.
	outside := alpaca.NewClient(alpaca.ClientOpts{APIKey: d.seed.KeyID, APISecret: d.seed.SecretKey, BaseURL: d.server.URL, RetryLimit: -1})
	if err := outside.CancelAllOrders(); err != nil {
		t.Fatal(err)
	}
	d.sim.Step()
	one, low := decimal.NewFromInt(1), decimal.NewFromInt(1)
	theirs, err := outside.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &one, Side: alpaca.Buy, Type: alpaca.Limit, TimeInForce: alpaca.GTC, LimitPrice: &low})
	if err != nil {
		t.Fatal(err)
	}
	p = problem.Of(place(d, request(t, `{"symbol":"AAPL","side":"sell","type":"market","time_in_force":"day","qty":"1"}`)))
	text, err := json.Marshal(p.Details)
	if want := `{"collisions":[],"existing_order_id":"` + theirs.ID + `"}`; err != nil || string(text) != want {
		t.Errorf("%v: the details are %s (%v), want %s", p, text, err, want)
	}
}

// A user who may only read sees the broker's positions and writes nothing down:
// not them, and not that the broker refuses the keys. Who may cancel does, on a
// paused account too.
func TestLookingWritesNothing(t *testing.T) {
	d := newDesk(t)
	if _, err := d.service.Place(t.Context(), d.owner, "", market("a", 1)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		d.sim.Step()
	}
	trader := tenant.Admission{Token: kit.User(t, d.pg, "u3"), Account: d.owner.Account}
	d.exec(`insert into app.account_grants (account_id, user_id, role) values ($1, 'u3', 'trader')`, d.owner.Account)
	d.exec(`update app.user_accounts set is_active = false`)
	count := func(sql string) (n int) {
		if err := d.pg.Conn(t, "admin").QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	recorded := func() int { return count("select count(*) from app.alpaca_positions where symbol = 'AAPL'") }
	refused := func() int {
		return count("select count(*) from private.user_credentials where rejected_at is not null")
	}

	if seen, err := d.service.Positions(t.Context(), d.viewer); err != nil || !strings.Contains(string(seen), "AAPL") || recorded() != 0 {
		t.Errorf("a viewer sees %s (%v), and %d are recorded", seen, err, recorded())
	}
	if _, err := d.service.Positions(t.Context(), trader); err != nil || recorded() != 1 {
		t.Errorf("of a trader's look %d are recorded (%v)", recorded(), err)
	}

	d.front = say(401, "")
	if _, err := d.service.Positions(t.Context(), d.viewer); !problem.Is(err, problem.NeedsCredentials) || refused() != 0 {
		t.Errorf("a viewer meets a refusal: %v, and %d keys are out of use", err, refused())
	}
	if _, err := d.service.Positions(t.Context(), trader); !problem.Is(err, problem.NeedsCredentials) || refused() != 1 {
		t.Errorf("a trader meets a refusal: %v, and %d keys are out of use", err, refused())
	}
}
