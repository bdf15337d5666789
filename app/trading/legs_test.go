package trading_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/app/trading"
)

// bracketAnswer is a bracket order in Alpaca's JSON.
const bracketAnswer = `{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"b","status":"accepted","symbol":"AAPL","side":"buy","type":"limit",
	"order_class":"bracket","time_in_force":"gtc","qty":"2","limit_price":"100","filled_qty":"0","created_at":"2026-01-05T15:00:00Z","updated_at":"2026-01-05T15:00:00Z",
	"legs":[
	{"id":"61e69015-8549-4bfd-b9c3-01e75843f47e","client_order_id":"b-gain","status":"held","symbol":"AAPL","side":"sell","type":"limit","order_class":"bracket",
	"time_in_force":"gtc","qty":"2","limit_price":"110","filled_qty":"0","created_at":"2026-01-05T15:00:00Z","updated_at":"2026-01-05T15:00:00Z","legs":null},
	{"id":"61e69015-8549-4bfd-b9c3-01e75843f47f","client_order_id":"b-loss","status":"held","symbol":"AAPL","side":"sell","type":"stop","order_class":"bracket",
	"time_in_force":"gtc","qty":"2","stop_price":"90","filled_qty":"0","created_at":"2026-01-05T15:00:00Z","updated_at":"2026-01-05T15:00:00Z","legs":null}]}`

// A bracket is sent to the broker with its exits. Its legs become orders with
// the same user, agent and tag, and are found by their parent.
func TestLegsAreOrders(t *testing.T) {
	d := newDesk(t)
	var sent map[string]any
	d.answers(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &sent) // invalid JSON fails below
		_, _ = io.WriteString(w, bracketAnswer)
	})
	var r trading.OrderRequest
	body := `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"2","limit_price":"100","order_class":"bracket","client_order_id":"b",
		"take_profit":{"limit_price":"110"},"stop_loss":{"stop_price":"90"},"tag":"momentum","orchestrator_agent_id":"agent-7"}`
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	placed, err := d.service.Place(t.Context(), d.owner, "", r)
	if err != nil || !placed.Known {
		t.Fatalf("%s (%v)", placed.Order, err)
	}
	gain, _ := sent["take_profit"].(map[string]any)
	loss, _ := sent["stop_loss"].(map[string]any)
	if sent["order_class"] != "bracket" || gain["limit_price"] != "110" || loss["stop_price"] != "90" {
		t.Errorf("the broker was sent %v", sent)
	}
	rows, err := d.pg.Conn(t, "admin").Query(t.Context(), `select concat_ws(' ', client_order_id, type, status, intent_state, limit_price, stop_price, submitted_by, orchestrator_agent_id, tag)
		from app.alpaca_orders where account_id = $1 and parent_alpaca_order_id = '61e69015-8549-4bfd-b9c3-01e75843f47d' order by 1`, d.owner.Account)
	if err != nil {
		t.Fatal(err)
	}
	legs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	want := "b-gain limit held accepted 110 u1 agent-7 momentum; b-loss stop held accepted 90 u1 agent-7 momentum"
	if got := strings.Join(legs, "; "); err != nil || got != want {
		t.Errorf("legs %s (%v), want %s", got, err, want)
	}
	leg, err := d.service.OrderByClientOrderID(t.Context(), d.viewer, "b-gain")
	if err != nil || d.read(leg).Status != "held" {
		t.Errorf("a leg by its client_order_id: %s (%v)", leg, err)
	}
}
