package system

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// journalDiffers compares the journal with the broker's executions that count:
// each order's fills come to the same quantity and amount, and so do the round
// trips of each symbol.
func journalDiffers(conn *pgx.Conn, account string, executions []alpacasim.Execution) (found []string) {
	orders, symbols := map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	for _, x := range executions {
		if x.Busted {
			continue
		}
		qty := x.Qty
		if strings.HasPrefix(x.Side, "sell") {
			qty = qty.Neg()
		}
		orders[x.OrderID+" quantity"] = orders[x.OrderID+" quantity"].Add(qty)
		orders[x.OrderID+" amount"] = orders[x.OrderID+" amount"].Add(qty.Mul(x.Price))
		symbols[x.Symbol+" quantity"] = symbols[x.Symbol+" quantity"].Add(qty)
		symbols[x.Symbol+" amount"] = symbols[x.Symbol+" amount"].Add(qty.Mul(x.Price))
	}
	found = append(found, sumsDiffer("fills", orders, sums(conn, account, `select alpaca_order_id::text,
		sum(case side when 'sell' then -qty else qty end), sum(case side when 'sell' then -qty * price else qty * price end)
		from app.fills where account_id = $1 and state = 'live' group by 1`))...)
	return append(found, sumsDiffer("round trips", symbols, sums(conn, account, `select symbol,
		sum(case direction when 'long' then entry_qty - exit_qty else exit_qty - entry_qty end),
		sum(case direction when 'long' then entry_notional - exit_notional else exit_notional - entry_notional end)
		from app.trading_positions where account_id = $1 and scope = 'account' group by 1`))...)
}

// sums reads names with a quantity and an amount.
func sums(conn *pgx.Conn, account, query string) map[string]decimal.Decimal {
	rows, err := conn.Query(context.Background(), query, account)
	if err != nil {
		panic(err) // the administrator may read everything
	}
	all := map[string]decimal.Decimal{}
	var name string
	var qty, amount decimal.Decimal
	if _, err := pgx.ForEachRow(rows, []any{&name, &qty, &amount}, func() error {
		all[name+" quantity"], all[name+" amount"] = qty, amount
		return nil
	}); err != nil {
		panic(err)
	}
	return all
}

func sumsDiffer(what string, there, here map[string]decimal.Decimal) (found []string) {
	both := maps.Clone(there)
	maps.Copy(both, here)
	for name := range both {
		if !there[name].Equal(here[name]) {
			found = append(found, fmt.Sprintf("%s: %s is %s here and %s at the broker", what, name, here[name], there[name]))
		}
	}
	return found
}
