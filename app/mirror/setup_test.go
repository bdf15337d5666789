package mirror_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/mirror"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// front is a proxy in front of the simulated broker that can make it misbehave.
type front struct {
	sim        http.Handler
	refuseKeys atomic.Bool
	away       atomic.Bool  // every request gets a 503
	streams    atomic.Int64 // if not 0, the status of streams of either kind
	events     atomic.Int64 // if not 0, the status of Server-Sent Events only
	sockets    atomic.Int64 // how many WebSockets were requested
	// refuseSockets refuses every WebSocket with 401, even if its keys are
	// right.
	refuseSockets atomic.Bool
	replayAll     atomic.Bool  // every stream begins with all earlier updates
	script        atomic.Value // a string that streams send first, instead of the simulator's updates
	live          atomic.Value // a chan string with what streams send after that
	orders        atomic.Int64 // how many orders were sent
	refuseOrders  atomic.Bool  // orders are refused
	answerOrders  atomic.Value // a func(http.ResponseWriter, *http.Request) that responds to orders instead of the simulator
	lists         atomic.Int64 // how many lists of orders were requested
	hidesOpen     atomic.Bool  // lists of open orders are empty
	alone         atomic.Int64 // how many orders were read by the broker's id
	connects      atomic.Int64 // how many streams were requested
	open          atomic.Int64 // how many streams are open
	// lookUps, if not 0, is the status of look-ups by client_order_id, and -1
	// makes the proxy cut them off. lookedUp counts those look-ups.
	lookUps, lookedUp atomic.Int64
	forbidden         atomic.Bool  // every request gets a 403
	rewrite           atomic.Value // a func(*http.Request, []byte) []byte that changes the bodies of responses
	list              atomic.Value // an http.HandlerFunc that serves the list of orders instead of the simulator
	activities        atomic.Value // an http.HandlerFunc that serves the list of activities instead of the simulator
}

// simulated passes a request on to the simulator, and may change the response.
func (f *front) simulated(w http.ResponseWriter, r *http.Request) {
	if list, ok := f.list.Load().(http.HandlerFunc); ok && r.Method == http.MethodGet && r.URL.Path == "/v2/orders" {
		list(w, r)
		return
	}
	if list, ok := f.activities.Load().(http.HandlerFunc); ok && r.URL.Path == "/v2/account/activities" {
		list(w, r)
		return
	}
	rewrite, ok := f.rewrite.Load().(func(*http.Request, []byte) []byte)
	if !ok || r.Method != http.MethodGet || r.URL.Path == "/v2/events/trades" || r.URL.Path == "/stream" {
		f.sim.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	f.sim.ServeHTTP(answer, r)
	for name, values := range answer.Header() {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(rewrite(r, answer.Body.Bytes())) // the client checks what arrives
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	eventsAsked := r.URL.Path == "/v2/events/trades"
	following := eventsAsked || r.URL.Path == "/stream"
	if r.Method == http.MethodPost && r.URL.Path == "/v2/orders" {
		f.orders.Add(1)
		if f.refuseOrders.Load() {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"code":40310000,"message":"not today"}`)
			return
		}
		if answer, ok := f.answerOrders.Load().(func(http.ResponseWriter, *http.Request)); ok {
			answer(w, r)
			return
		}
	}
	if r.Method == http.MethodGet && r.URL.Path == "/v2/orders" {
		f.lists.Add(1)
		if f.hidesOpen.Load() && r.URL.Query().Get("status") == "open" {
			fmt.Fprint(w, "[]")
			return
		}
	}
	if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v2/orders/") {
		f.alone.Add(1)
	}
	if status := f.lookUps.Load(); status != 0 && r.URL.Path == "/v2/orders:by_client_order_id" {
		f.lookedUp.Add(1)
		if status < 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(int(status))
		return
	}
	if following && !eventsAsked {
		f.sockets.Add(1)
	}
	if following {
		f.connects.Add(1)
		f.open.Add(1)
		defer f.open.Add(-1)
	}
	script, _ := f.script.Load().(string)
	live, _ := f.live.Load().(chan string)
	switch {
	case f.refuseKeys.Load():
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"code":40110000,"message":"request is not authorized"}`)
		return
	case f.forbidden.Load():
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"code":40310000,"message":"account is blocked"}`)
		return
	case f.away.Load():
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case f.refuseSockets.Load() && r.URL.Path == "/stream":
		w.WriteHeader(http.StatusUnauthorized)
		return
	case following && f.streams.Load() != 0:
		w.WriteHeader(int(f.streams.Load()))
		return
	case eventsAsked && f.events.Load() != 0:
		w.WriteHeader(int(f.events.Load()))
		return
	case following && (script != "" || live != nil):
		for text := script; ; {
			fmt.Fprint(w, text)
			w.(http.Flusher).Flush()
			select {
			case text = <-live:
			case <-r.Context().Done():
				return
			}
		}
	}
	if following && f.replayAll.Load() {
		r.URL.RawQuery = "since_id=0"
	}
	f.simulated(w, r)
}

// world is an account in Paddock and at a simulated broker, with a database. No
// Manager runs until run is called.
type world struct {
	t       *testing.T
	pg      *pgtest.DB
	admin   *pgx.Conn
	sim     *alpacasim.Sim
	front   *front
	seed    alpacasim.AccountSeed
	url     string // URL of the proxy
	broker  *broker.Broker
	keys    *credentials.Keyring
	db      *tenant.DB
	worker  *tenant.Worker
	account tenant.Admission
	outside *alpaca.Client // a client of the user's outside of Paddock
}

func newWorld(t *testing.T, change ...func(*alpacasim.Config)) *world {
	t.Helper()
	return newWorldOn(t, pgtest.New(t), change...)
}

// newWorldOn is newWorld on a database that the test has made.
func newWorldOn(t *testing.T, db *pgtest.DB, change ...func(*alpacasim.Config)) *world {
	t.Helper()
	w := &world{t: t, pg: db, seed: alpacasim.DemoAccounts(9)[0]}
	w.admin = w.pg.Conn(t, "admin")
	token := kit.User(t, w.pg, "u1")

	var err error
	config := alpacasim.Config{Seed: 9, Accounts: []alpacasim.AccountSeed{w.seed}, FillDelay: time.Nanosecond}
	for _, f := range change {
		f(&config)
	}
	if w.sim, err = alpacasim.New(config); err != nil {
		t.Fatal(err)
	}
	w.front = &front{sim: w.sim.Handler()}
	server := httptest.NewServer(w.front)
	w.url = server.URL
	t.Cleanup(func() {
		w.sim.CutStreams()
		server.CloseClientConnections()
		server.Close()
	})
	w.broker, w.keys = kit.Broker(t, server.URL), kit.Keys(t)
	w.outside = alpaca.NewClient(alpaca.ClientOpts{APIKey: w.seed.KeyID, APISecret: w.seed.SecretKey, BaseURL: server.URL, RetryLimit: -1})
	w.db = tenant.NewDB(w.pg.Pool(t, "paddock_app"), kit.SilentBell{})
	w.worker = tenant.NewWorker(w.pg.Pool(t, "paddock_worker"), kit.SilentBell{})
	service := accounts.New(w.db, w.keys, w.broker)
	made, err := service.Create(t.Context(), token, "one", "paper")
	if err != nil {
		t.Fatal(err)
	}
	w.account = tenant.Admission{Token: token, Account: made.ID}
	w.storeKeys()
	return w
}

// direct returns the URL of the simulator itself, without the proxy.
func (w *world) direct() string {
	server := httptest.NewServer(w.front.sim)
	w.t.Cleanup(server.Close)
	return server.URL
}

func (w *world) storeKeys() {
	w.t.Helper()
	if _, err := accounts.New(w.db, w.keys, w.broker).PutCredentials(w.t.Context(), w.account, w.seed.KeyID, w.seed.SecretKey); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) trading() *trading.Service {
	log := slog.New(slog.DiscardHandler)
	return trading.New(w.db, credentials.NewOpener(w.db, w.keys, w.broker, log), log)
}

// run starts a Manager, and returns it and a function that stops it.
func (w *world) run(change ...func(*mirror.Config)) (m *mirror.Manager, stop func()) {
	c := mirror.Config{
		Worker: w.worker, Keys: w.keys, Broker: w.broker, Logger: slog.New(slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		RenewEvery: 50 * time.Millisecond, LeaseTTL: 30 * time.Second, Reconcile: time.Hour,
	}
	for _, f := range change {
		f(&c)
	}
	m = mirror.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = m.Run(ctx) // returns nil when ctx ends
	}()
	stop = func() {
		cancel()
		<-done
	}
	w.t.Cleanup(stop)
	return m, stop
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.admin.Exec(context.Background(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

// scan runs a query as admin and returns its one value.
func scan[T any](w *world, sql string, args ...any) T {
	w.t.Helper()
	var v T
	if err := w.admin.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		w.t.Fatal(err)
	}
	return v
}

// order returns the intent state, status and filled quantity of an order in the
// database.
func (w *world) order(clientOrderID string) string {
	w.t.Helper()
	return scan[string](w, `select coalesce((select intent_state || ' ' || status || ' ' || trim_scale(filled_qty) from app.alpaca_orders
		where account_id = $1 and client_order_id = $2), 'missing')`, w.account.Account, clientOrderID)
}

// held returns the quantity of a symbol in the mirror.
func (w *world) held(symbol string) string {
	w.t.Helper()
	return scan[string](w, `select coalesce((select trim_scale(qty)::text from app.alpaca_positions where account_id = $1 and symbol = $2), 'nothing')`, w.account.Account, symbol)
}

// eventsOf returns the events of an order in the account's log, in their order.
func (w *world) eventsOf(clientOrderID string) string {
	w.t.Helper()
	return scan[string](w, `select coalesce(string_agg(data->>'event', ' ' order by seq), '') from app.account_events
		where account_id = $1 and kind = 'order' and data->'order'->>'client_order_id' = $2`, w.account.Account, clientOrderID)
}

// wantNoGap fails unless the events in the log are numbered from 1 to its head.
func (w *world) wantNoGap() {
	w.t.Helper()
	if !scan[bool](w, `select (select array_agg(seq order by seq) from app.account_events where account_id = $1)
		= (select array_agg(n) from app.event_heads, generate_series(1, last_seq) n where account_id = $1)`, w.account.Account) {
		w.t.Error("the log's numbers have a gap")
	}
}

// buy places a market order outside of Paddock. It is filled at the simulator's
// next step.
func (w *world) buy(symbol, qty, clientOrderID string) *alpaca.Order {
	w.t.Helper()
	amount := decimal.RequireFromString(qty)
	o, err := w.outside.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: symbol, Qty: &amount, Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.Day, ClientOrderID: clientOrderID})
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// eventually waits until check returns true, for at most half a minute.
func (w *world) eventually(what string, check func() bool) {
	w.t.Helper()
	kit.Eventually(w.t, what, check)
}

// awaitStream waits until the account's stream is open and the mirror has agreed
// with the broker.
func (w *world) awaitStream() {
	w.t.Helper()
	w.eventually("the stream", func() bool { return w.front.open.Load() == 1 && w.agreed() != nil })
}

// waitForOrder waits until an order has this state, for at most half a minute.
func (w *world) waitForOrder(clientOrderID, want string) {
	w.t.Helper()
	kit.Within(w.t, 30*time.Second, "the order "+clientOrderID, func() error {
		if got := w.order(clientOrderID); got != want {
			return fmt.Errorf("it is %q, want %q", got, want)
		}
		return nil
	})
}

// brokerTime returns the time of the broker's clock.
func (w *world) brokerTime() time.Time {
	w.t.Helper()
	clock, err := w.outside.GetClock()
	if err != nil {
		w.t.Fatal(err)
	}
	return clock.Timestamp
}

// agreed returns when the mirror last agreed with the broker, or nil.
func (w *world) agreed() *time.Time {
	w.t.Helper()
	return scan[*time.Time](w, `select max(agreed_at) from app.stream_cursors where account_id = $1`, w.account.Account)
}

// update returns a trade update as Alpaca's stream sends it.
func update(eventID, event string, updatedAt time.Time, order map[string]any, more map[string]any) string {
	o := map[string]any{"id": uuid.NewSHA1(uuid.Nil, fmt.Append(nil, order["client_order_id"])).String(), "symbol": "AAPL", "asset_class": "us_equity", "side": "buy", "type": "market",
		"time_in_force": "day", "order_class": "", "qty": "10", "filled_qty": "0", "created_at": updatedAt, "updated_at": updatedAt, "submitted_at": updatedAt, "status": "new"}
	for k, v := range order {
		o[k] = v
	}
	u := map[string]any{"event_id": eventID, "event": event, "execution_id": "x" + eventID, "at": updatedAt, "timestamp": updatedAt, "order": o}
	for k, v := range more {
		u[k] = v
	}
	text, err := json.Marshal(u)
	if err != nil {
		panic(err)
	}
	return "data: " + string(text) + "\n\n"
}

// payload returns the JSON of an update.
func payload(update string) []byte {
	return []byte(strings.TrimPrefix(strings.TrimSpace(update), "data: "))
}

func lines(updates ...string) string { return strings.Join(updates, "") }

// orderRequest returns a market order for one share with a client_order_id.
func orderRequest(clientOrderID string) trading.OrderRequest {
	one := decimal.NewFromInt(1)
	return trading.OrderRequest{Symbol: "AAPL", Side: "buy", Type: "market", TimeInForce: "day", Qty: &trading.Amount{Decimal: one}, ClientOrderID: clientOrderID}
}

func uuidOf(n byte) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte{n}) }
