package system

import (
	"fmt"
	"math/rand/v2"
	"net/http"
)

// opening has the simulator's opening prices in dollars. Prices move little from
// there.
var opening = map[string]float64{"AAPL": 190, "MSFT": 420, "SPY": 550, "NVDA": 125, "TSLA": 240, "AMD": 145, "QQQ": 480, "BTC/USD": 65000, "ETH/USD": 3200}

func one(dice *rand.Rand, of []string) string { return of[dice.IntN(len(of))] }

// newIntent returns a random order that is named by its client_order_id, by an
// Idempotency-Key or by both.
func (a *chaosAccount) newIntent(dice *rand.Rand, name string) *intent {
	in := &intent{name: name, method: http.MethodPost, path: "/api/orders", body: a.newOrder(dice)}
	named := dice.IntN(3)
	if named != 0 {
		in.key = "key-" + name
	}
	if in.body["symbol"] == "AMD" { // splits change AMD's orders: a lost one is recognized only by an id that Paddock made
		named, in.key = 1, "key-"+name
	}
	if named != 1 {
		in.clientOrderID = "order-" + name
		in.body["client_order_id"] = in.clientOrderID
	}
	a.inSleeve(dice, in.body)
	if dice.IntN(3) == 0 {
		in.body["orchestrator_agent_id"], in.body["tag"] = one(dice, []string{"agent-1", "agent-2"}), one(dice, []string{"slow", "fast"})
	}
	return in
}

func (a *chaosAccount) newOrder(dice *rand.Rand) map[string]any {
	switch kind := dice.IntN(20); {
	case kind < 3 && len(a.kind.shorts) > 0:
		return a.shortSale(dice)
	case kind < 5 && len(a.kind.coins) > 0:
		return coins(dice, one(dice, a.kind.coins))
	case kind < 8 && a.kind.options:
		return option(dice, one(dice, a.user.w.contracts))
	case kind < 11 && a.kind.spreads:
		return spread(dice, a.user.w.contracts)
	case kind < 13:
		return withExits(dice, one(dice, a.kind.exits))
	}
	return shares(dice, one(dice, a.kind.shares))
}

// simple returns a market order for the day, with further fields in more: names
// and values in turn.
func simple(symbol, side, qty string, more ...any) map[string]any {
	body := map[string]any{"symbol": symbol, "side": side, "type": "market", "time_in_force": "day", "qty": qty}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return body
}

// at returns a symbol's opening price times a factor, to the cent.
func at(symbol string, factor float64) string { return fmt.Sprintf("%.2f", opening[symbol]*factor) }

func few(dice *rand.Rand) string { return fmt.Sprint(1 + dice.IntN(9)) }

// shares returns an order that buys shares, or sells some that may be held.
func shares(dice *rand.Rand, symbol string) map[string]any {
	qty := few(dice)
	if symbol == "AMD" { // splits move its price
		return simple(symbol, "buy", qty)
	}
	switch dice.IntN(11) {
	case 0, 1:
		return simple(symbol, "buy", qty, "type", "limit", "limit_price", at(symbol, 1.05))
	case 2:
		return simple(symbol, "buy", qty, "type", "limit", "limit_price", at(symbol, 0.9), "time_in_force", "gtc")
	case 3:
		return simple(symbol, "buy", qty, "type", "limit", "limit_price", at(symbol, 0.8+0.4*float64(dice.IntN(2))), "time_in_force", one(dice, []string{"ioc", "fok"}))
	case 4:
		return simple(symbol, "buy", qty, "type", "stop", "stop_price", at(symbol, 1.001), "time_in_force", "gtc")
	case 5:
		return simple(symbol, "buy", qty, "type", "stop_limit", "stop_price", at(symbol, 1.1), "limit_price", at(symbol, 1.2))
	case 6:
		return simple(symbol, "buy", qty, "type", "trailing_stop", "trail_percent", "1", "time_in_force", "gtc")
	case 7:
		body := simple(symbol, "buy", qty, "notional", "123.45")
		delete(body, "qty")
		return body
	case 8:
		return simple(symbol, "buy", qty, "type", "limit", "limit_price", at(symbol, 1)+"1") // too fine a price: refused
	case 9:
		return simple(symbol, "sell", qty, "type", "limit", "limit_price", at(symbol, 1.02), "position_intent", "sell_to_close", "time_in_force", "gtc")
	}
	return simple(symbol, "buy", qty)
}

// withExits returns a purchase with exits that are too far away to be executed.
func withExits(dice *rand.Rand, symbol string) map[string]any {
	body := simple(symbol, "buy", few(dice), "order_class", "oto", "stop_loss", map[string]string{"stop_price": at(symbol, 0.8), "limit_price": at(symbol, 0.79)})
	if dice.IntN(2) == 0 {
		body["order_class"], body["time_in_force"] = "bracket", "gtc"
		body["take_profit"], body["stop_loss"] = map[string]string{"limit_price": at(symbol, 1.2)}, map[string]string{"stop_price": at(symbol, 0.8)}
	}
	return body
}

// shortSale returns an order that sells short, or buys back.
func (a *chaosAccount) shortSale(dice *rand.Rand) map[string]any {
	symbol, qty := one(dice, a.kind.shorts), few(dice)
	switch dice.IntN(4) {
	case 0:
		return simple(symbol, "buy", qty, "position_intent", "buy_to_close")
	case 1:
		return simple(symbol, "sell", qty, "position_intent", "sell_to_open", "type", "trailing_stop", "trail_percent", "1", "time_in_force", "gtc")
	}
	return simple(symbol, "sell", qty, "position_intent", "sell_to_open")
}

func coins(dice *rand.Rand, symbol string) map[string]any {
	qty := map[string]string{"BTC/USD": "0.0123", "ETH/USD": "0.456789123"}[symbol]
	switch dice.IntN(4) {
	case 0:
		return simple(symbol, "sell", qty, "time_in_force", "gtc")
	case 1:
		return simple(symbol, "buy", qty, "time_in_force", "gtc", "type", "limit", "limit_price", at(symbol, 1.05))
	}
	return simple(symbol, "buy", qty, "time_in_force", "gtc")
}

func option(dice *rand.Rand, contract string) map[string]any {
	qty := fmt.Sprint(1 + dice.IntN(2))
	switch dice.IntN(4) {
	case 0:
		return simple(contract, "sell", qty, "position_intent", "sell_to_close")
	case 1:
		return simple(contract, "buy", qty, "type", "limit", "limit_price", "30.00")
	}
	return simple(contract, "buy", qty)
}

// spread returns an order that buys a contract and sells another one of the same
// kind, to open or to close.
func spread(dice *rand.Rand, contracts []string) map[string]any {
	half := len(contracts) / 2
	i, j := dice.IntN(half), dice.IntN(half-1)
	if j >= i {
		j++
	}
	if dice.IntN(2) == 0 { // puts
		i, j = i+half, j+half
	}
	leg := func(contract, side, how string) map[string]any {
		return map[string]any{"symbol": contract, "side": side, "ratio_qty": "1", "position_intent": side + "_to_" + how}
	}
	how := "open"
	if dice.IntN(4) == 0 {
		how = "close"
	}
	body := map[string]any{"order_class": "mleg", "type": "market", "time_in_force": "day", "qty": fmt.Sprint(1 + dice.IntN(2)),
		"legs": []any{leg(contracts[i], "buy", how), leg(contracts[j], "sell", how)}}
	if dice.IntN(3) == 0 {
		body["type"], body["limit_price"] = "limit", one(dice, []string{"15.00", "0.01"})
	}
	return body
}
