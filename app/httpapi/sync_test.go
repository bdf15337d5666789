package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"

	"paddock/tests/kit"
)

// report is the response of POST /api/sync.
type report struct {
	AsOf              time.Time `json:"as_of"`
	Orders, Positions struct {
		Checked, Differed int
		Changed           []struct {
			ClientOrderID    string `json:"client_order_id"`
			Symbol, From, To *string
			Field            string
		}
	}
}

func (a answer) report(t *testing.T) (r report) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.text), &r); err != nil {
		t.Fatalf("%s: %v", a.text, err)
	}
	return r
}

// lines returns the differences in a report, one on each line.
func (r report) lines() string {
	var all []string
	text := func(s *string) string {
		if s == nil {
			return "nothing"
		}
		return *s
	}
	for _, c := range r.Orders.Changed {
		all = append(all, c.ClientOrderID+" "+text(c.Symbol)+" "+c.Field+" "+text(c.From)+" to "+text(c.To))
	}
	for _, c := range r.Positions.Changed {
		if c.Field == "qty" { // the price depends on the market
			all = append(all, text(c.Symbol)+" "+c.Field+" "+text(c.From)+" to "+text(c.To))
		}
	}
	return strings.Join(all, "\n")
}

// laterSync makes the last reconciliation old enough that the next request does
// not get its report again.
func (s *server) laterSync() {
	s.t.Helper()
	if _, err := s.db.Conn(s.t, "admin").Exec(s.t.Context(), "update app.syncs set answered_at = answered_at - interval '11 seconds'"); err != nil {
		s.t.Fatal(err)
	}
}

// A requested reconciliation corrects what no stream sent and reports the
// differences. A second request at once gets the same report, and Alpaca is not
// called.
func TestSync(t *testing.T) {
	var lists atomic.Int64
	s := newServer(t, func(sim http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/orders" && r.Method == http.MethodGet {
				lists.Add(1)
			}
			sim.ServeHTTP(w, r)
		})
	})
	u, viewer := s.signUp("ada"), s.signUp("bob")
	id := u.connect("one", s.seeds[0])
	mine := []string{"X-Account-ID", id}
	u.do("PATCH", "/api/accounts/"+id, `{"stream_mode":"off"}`).want(t, 200, "")
	s.stream()
	kit.Eventually(t, "the first agreement", func() bool { return u.do("GET", "/api/accounts/"+id+"/health", "").field(t, "status") == "ok" })

	outside := sdk.NewClient(sdk.ClientOpts{APIKey: s.seeds[0].KeyID, APISecret: s.seeds[0].SecretKey, BaseURL: s.brokerURL, RetryLimit: -1})
	two := decimal.NewFromInt(2)
	u.do("POST", "/api/orders", strings.Replace(buyOne, `"symbol"`, `"client_order_id":"ours","symbol"`, 1), mine...).want(t, 201, "")
	if _, err := outside.PlaceOrder(sdk.PlaceOrderRequest{Symbol: "MSFT", Qty: &two, Side: sdk.Buy, Type: sdk.Market, TimeInForce: sdk.Day, ClientOrderID: "theirs"}); err != nil {
		t.Fatal(err)
	}
	s.sim.Step()
	first := u.do("POST", "/api/sync", "", mine...).want(t, 200, "").report(t)
	lines := first.lines()
	for _, want := range []string{"ours AAPL status pending_new to filled", "ours AAPL filled_qty 0 to 1", "theirs MSFT status nothing to filled", "MSFT qty nothing to 2"} {
		if !strings.Contains(lines, want) {
			t.Errorf("what differed is\n%s\nwant also %s", lines, want)
		}
	}
	if first.Orders.Checked != 2 || first.Orders.Differed != 2 || time.Since(first.AsOf) > time.Minute {
		t.Errorf("the report is %+v", first)
	}
	asked := lists.Load()
	again := u.do("POST", "/api/sync", "", mine...).want(t, 200, "").report(t)
	if !again.AsOf.Equal(first.AsOf) || lists.Load() != asked {
		t.Errorf("the second report is as of %s, the first as of %s, with %d more requests between", again.AsOf, first.AsOf, lists.Load()-asked)
	}
	s.laterSync()
	if later := u.do("POST", "/api/sync", "", mine...).want(t, 200, "").report(t); later.lines() != "" || !later.AsOf.After(first.AsOf) || later.Orders.Differed != 0 || later.Positions.Differed != 0 {
		t.Errorf("the next report is %+v", later)
	}

	// A viewer cannot use up an account's requests. Somebody who may cancel
	// orders can request a reconciliation, on a paused account too.
	s.grant(id, "bob", "viewer")
	s.laterSync()
	asked = lists.Load()
	viewer.do("POST", "/api/sync", "", mine...).want(t, 403, "not_permitted")
	u.do("POST", "/api/sync", "{}", mine...).want(t, 400, "unexpected_body")
	if lists.Load() != asked {
		t.Error("a refused request led to a call of Alpaca")
	}
	u.do("PATCH", "/api/accounts/"+id, `{"is_active":false}`).want(t, 200, "")
	u.do("POST", "/api/sync", "", mine...).want(t, 200, "")
}

// If a reconciliation fails, the response says why: there are no keys, Alpaca
// refuses them, or Alpaca cannot be reached.
func TestSyncFailures(t *testing.T) {
	var away, refuse atomic.Bool
	s := newServer(t, func(sim http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case refuse.Load():
				w.WriteHeader(http.StatusUnauthorized)
			case away.Load():
				w.WriteHeader(http.StatusServiceUnavailable)
			default:
				sim.ServeHTTP(w, r)
			}
		})
	})
	u := s.signUp("ada")
	empty := u.do("POST", "/api/accounts", `{"name":"empty","environment":"paper"}`).field(t, "id")
	u.do("POST", "/api/sync", "", "X-Account-ID", empty).want(t, 409, "needs_credentials")
	id := u.connect("one", s.seeds[0])
	u.do("PATCH", "/api/accounts/"+id, `{"stream_mode":"off"}`).want(t, 200, "")
	s.stream()
	kit.Eventually(t, "the first agreement", func() bool { return u.do("GET", "/api/accounts/"+id+"/health", "").field(t, "status") == "ok" })
	away.Store(true)
	a := u.do("POST", "/api/sync", "", "X-Account-ID", id).want(t, 503, "broker_unavailable")
	if a.header.Get("Retry-After") == "" {
		t.Error("the response has no Retry-After")
	}
	away.Store(false)
	refuse.Store(true)
	s.laterSync()
	for range 2 {
		kit.Eventually(t, "the reconciliation to end", func() bool { // a busy machine may need longer for it than a request waits
			a = u.do("POST", "/api/sync", "", "X-Account-ID", id)
			return a.code() != "sync_pending"
		})
		a.want(t, 409, "needs_credentials")
	}
}
