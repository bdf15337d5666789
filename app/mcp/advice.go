package mcp

// advice says what to do about a guard's refusal, in words of ours: a guard's own message
// may have others' words in it, such as the reason for a halt.
var advice = map[string]string{
	"switch":                       "Trading is halted, or only closings are let through. Its owner decides when that ends: stop, and tell a person.",
	"max_order_notional":           "One order may be worth the limit at most. A smaller order may pass; do not split one that was meant to be refused.",
	"max_position_notional":        "The position, with all that is ordered, may be worth the limit at most. Order less, or nothing.",
	"max_position_qty":             "The position, with all that is ordered, may reach the limit at most. Order less, or nothing.",
	"max_open_orders":              "There are as many open orders as allowed. Cancel one first, or wait until one is over.",
	"orders_per_minute":            "As many orders as allowed were sent in the last minute. Wait a minute.",
	"orders_per_day":               "As many orders as allowed were sent today. Stop until tomorrow (New York).",
	"daily_loss_limit":             "The account has lost as much today as it may. Only closings pass until tomorrow.",
	"max_drawdown":                 "The account has fallen as far below its highest as it may. Only closings pass until its owner resets the mark.",
	"max_refusals":                 "Too many orders in a row were refused, and this token is stopped. Only closings pass until a person lets it go on.",
	"heartbeat":                    "Call heartbeat first, and then regularly, at a third of the time that the limit has in seconds.",
	"approval":                     "A person would have to approve it, and it is of a kind that cannot wait. Ask a person.",
	"exercise":                     "The contracts are being exercised. Wait a minute, and send the order again.",
	"allowed_symbols":              "Only the symbols of the limit may be opened.",
	"allowed_sides":                "Only the sides of the limit may open a position.",
	"reduce_only":                  "More cannot be closed now: the rest is not held, or is on sale by other orders. Close less, or set cancel_orders.",
	"unmeasured":                   "What the order would trade is not known yet. Wait a few seconds and repeat the call.",
	"sleeve":                       "This token trades in one sleeve. Leave sleeve_id out.",
	"sleeves":                      "The rest belongs to sleeves of others. Sell what is yours.",
	"sleeve_cash":                  "The sleeve has not that much cash left: see budget.sleeve.available. Order for less, or nothing.",
	"sleeve_position":              "The sleeve holds not that much, and cannot sell what it does not hold.",
	"sleeve_switch":                "The sleeve is halted, or lets closings through alone. Its owner decides when that ends.",
	"sleeve_max_order_notional":    "One order of the sleeve may be worth the limit at most.",
	"sleeve_max_drawdown":          "The sleeve has fallen as far below its highest as it may. It only sells until its owner lets it go on.",
	"sleeve_max_position_notional": "The sleeve's position may be worth the limit at most.",
	"sleeve_allowed_symbols":       "Only the symbols of the limit may be traded in the sleeve.",
}

// adviceOn returns what to do about a guard's refusal.
func adviceOn(guard string) string {
	if text, is := advice[guard]; is {
		return text
	}
	return "Do not try to get around it. Ask a person."
}
