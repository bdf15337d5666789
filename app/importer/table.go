// Package importer moves the rows of a database of one tenant under an account:
// orders, positions, round trips, agents' logs, and Better Auth's users. A mapping
// says which of its tables and columns are which of Paddock's. The source is only
// ever read.
//
// Rows go in batches through private.import_rows, which writes in the same
// transaction how far the import is. So one that was killed goes on exactly where
// it was.
package importer

// kind is how a column's values are written as text, checked and compared.
type kind int

const (
	text     kind = iota // as it is; an empty one is none
	word                 // a name out of a list: in lower case, without spaces around it
	symbol               // in capitals; compared without a slash
	number               // a decimal number
	size                 // a number that is never 0: then it is none
	moment               // a time
	id                   // a UUID
	flag                 // true or false
	document             // JSON
	status               // a word, spelled as Alpaca spells it
	level                // a word, as agents' logs have it
)

// column is a column of one of Paddock's tables that an import can fill.
type column struct {
	name   string
	kind   kind
	others []string // names that such a column often has elsewhere, best first
	// fallback is what a row without it gets, an SQL expression in which
	// {name} stands for another column of the row; "" for nothing. A column with a
	// fallback is always compared.
	fallback string
	unsummed bool // it is left out of the checksum
}

// table is one of Paddock's tables that an import can fill.
type table struct {
	name    string
	others  []string // names that such a table often has elsewhere
	key     []string // names of the column by whose order it is read, best first
	needs   []string // columns without which nothing can be made of its rows
	secret  bool     // its values are shown in no message
	columns []column // in the order of private.import_checksum
}

// tables are all tables that are moved, in the order in which they are: users come
// before their passwords.
var tables = []table{
	{
		name: "users", others: []string{"user", "users"}, key: []string{"id"}, needs: []string{"id", "email"}, secret: true,
		columns: []column{
			{name: "id", kind: text},
			{name: "name", kind: text, fallback: "{email}"},
			{name: "email", kind: word},
			{name: "emailVerified", kind: flag, others: []string{"email_verified"}, fallback: "'false'"},
			{name: "image", kind: text},
			{name: "createdAt", kind: moment, others: []string{"created_at"}},
			{name: "updatedAt", kind: moment, others: []string{"updated_at"}},
		},
	},
	{
		name: "sign_ins", others: []string{"account", "accounts"}, key: []string{"id"},
		needs: []string{"id", "providerId", "userId", "password"}, secret: true,
		columns: []column{
			{name: "id", kind: text},
			{name: "accountId", kind: text, others: []string{"account_id"}, fallback: "{userId}"},
			{name: "userId", kind: text, others: []string{"user_id"}},
			{name: "password", kind: text},
			{name: "createdAt", kind: moment, others: []string{"created_at"}},
			{name: "updatedAt", kind: moment, others: []string{"updated_at"}},
			{name: "providerId", kind: text, others: []string{"provider_id"}, unsummed: true},
		},
	},
	{
		name: "alpaca_orders", others: []string{"alpaca_orders", "orders"}, key: []string{"id"},
		needs: []string{"symbol", "side", "status", "created_at"},
		columns: []column{
			{name: "client_order_id", kind: text, others: []string{"client_id"}, fallback: "coalesce(lower({alpaca_order_id}), 'import-' || {key})"},
			{name: "alpaca_order_id", kind: id, others: []string{"order_id", "broker_order_id", "alpaca_id", "broker_id"}},
			{name: "symbol", kind: symbol, others: []string{"ticker"}},
			{name: "side", kind: word},
			{name: "type", kind: word, others: []string{"order_type"}},
			{name: "time_in_force", kind: word, others: []string{"tif"}},
			{name: "order_class", kind: word, fallback: "''"},
			{name: "position_intent", kind: word},
			{name: "qty", kind: size, others: []string{"quantity"}},
			{name: "notional", kind: size},
			{name: "limit_price", kind: number},
			{name: "stop_price", kind: number},
			{name: "trail_price", kind: number},
			{name: "trail_percent", kind: number},
			{name: "hwm", kind: number},
			{name: "extended_hours", kind: flag, fallback: "'false'"},
			{name: "filled_qty", kind: number, others: []string{"filled_quantity"}, fallback: "'0'"},
			{name: "filled_avg_price", kind: number, others: []string{"avg_fill_price", "average_fill_price", "fill_price"}},
			{name: "status", kind: status, others: []string{"order_status", "state"}},
			{name: "parent_alpaca_order_id", kind: id, others: []string{"parent_order_id"}},
			{name: "replaces", kind: id},
			{name: "replaced_by", kind: id},
			{name: "orchestrator_agent_id", kind: text, others: []string{"agent_id", "agent", "agent_name"}},
			{name: "tag", kind: text, others: []string{"strategy"}},
			{name: "submitted_by", kind: text, others: []string{"user_id"}},
			{name: "broker_order", kind: document, others: []string{"alpaca_order", "raw_order", "raw"}},
			{name: "created_at", kind: moment, fallback: "{submitted_at}"},
			{name: "submitted_at", kind: moment},
			{name: "filled_at", kind: moment},
			{name: "canceled_at", kind: moment, others: []string{"cancelled_at"}},
			{name: "expired_at", kind: moment},
			{name: "failed_at", kind: moment},
			{name: "replaced_at", kind: moment},
			{name: "updated_at", kind: moment, fallback: "coalesce({created_at}, {submitted_at})"},
			{name: "id", kind: text, unsummed: true},
		},
	},
	{
		name: "alpaca_positions", others: []string{"alpaca_positions", "positions"}, key: []string{"id", "symbol"}, needs: []string{"symbol", "qty"},
		columns: []column{
			{name: "symbol", kind: symbol, others: []string{"ticker"}},
			{name: "asset_id", kind: id},
			{name: "asset_class", kind: word},
			{name: "exchange", kind: text},
			{name: "qty", kind: number, others: []string{"quantity"}},
			{name: "avg_entry_price", kind: number, others: []string{"entry_price", "average_entry_price"}},
			{name: "cost_basis", kind: number},
			{name: "market_value", kind: number},
			{name: "current_price", kind: number},
			{name: "unrealized_pl", kind: number, others: []string{"unrealized_pnl"}},
			{name: "as_of", kind: moment, others: []string{"updated_at", "synced_at", "created_at"}, fallback: "'1970-01-01T00:00:00Z'"},
			{name: "side", kind: word, unsummed: true},
		},
	},
	{
		name: "trading_positions", others: []string{"trading_positions", "trades"}, key: []string{"id"},
		columns: []column{
			{name: "symbol", kind: symbol, others: []string{"ticker"}},
			{name: "direction", kind: word, others: []string{"side"}},
			{name: "status", kind: word, others: []string{"state"}},
			{name: "qty", kind: number, others: []string{"quantity", "entry_qty"}},
			{name: "entry_price", kind: number, others: []string{"avg_entry_price", "average_entry_price"}},
			{name: "exit_price", kind: number, others: []string{"avg_exit_price", "average_exit_price"}},
			{name: "realized_pl", kind: number, others: []string{"realized_pnl", "pnl", "profit"}},
			{name: "opened_at", kind: moment, others: []string{"entry_at", "entry_time", "entered_at", "created_at"}},
			{name: "closed_at", kind: moment, others: []string{"exit_at", "exit_time", "exited_at"}},
			{name: "orchestrator_agent_id", kind: text, others: []string{"agent_id", "agent", "agent_name"}},
			{name: "tag", kind: text, others: []string{"strategy"}},
			{name: "data", kind: document, fallback: "to_jsonb(t)::text"},
		},
	},
	{
		name: "agent_logs", others: []string{"agent_logs", "agent_log"}, key: []string{"id"}, needs: []string{"message", "created_at"},
		columns: []column{
			{name: "user_id", kind: text},
			{name: "orchestrator_agent_id", kind: text, others: []string{"agent_id", "agent", "agent_name"}},
			{name: "level", kind: level, others: []string{"log_level", "severity"}, fallback: "'info'"},
			{name: "message", kind: text, others: []string{"msg", "content", "text"}},
			{name: "data", kind: document, others: []string{"metadata", "meta", "payload", "context", "details"}},
			{name: "created_at", kind: moment, others: []string{"timestamp", "logged_at", "time", "ts"}},
			{name: "id", kind: text, unsummed: true},
		},
	},
}

// tableNamed returns the table of this name.
func tableNamed(name string) (table, bool) {
	for _, t := range tables {
		if t.name == name {
			return t, true
		}
	}
	return table{}, false
}

func (t table) column(name string) (column, bool) {
	for _, c := range t.columns {
		if c.name == name {
			return c, true
		}
	}
	return column{}, false
}
