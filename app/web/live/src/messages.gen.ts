// Made from app/push/schema and app/httpapi/openapi.yaml by npm run types. Do not edit.

/**
 * Any message of the live protocol.
 */
export type Message = (ErrorMessage | LiveEvent | Ping | Pong | QuotesMessage | Snapshot | Subscribe | Subscribed | Unsubscribe | Unsubscribed | Unwatch | Watch)
/**
 * Server: the next event of the account's log. An account's cursors count up by one.
 */
export type LiveEvent = (OrderEvent | PositionEvent | AgentLogEvent | AccountEvent | CredentialsEvent | GuardEvent | JournalEvent | JobEvent | WebhookEvent | HistoryEvent | ApprovalEvent | NoticeEvent | LimitEvent | StreamEvent | SummaryEvent)
export type TextOrNull = (string | null)
export type AmountOrNull = (string | null)
export type Amount = string
export type Time = string
export type TimeOrNull = (string | null)
/**
 * A text or a number, whose digits are taken as they stand; null is left out
 */
export type AmountGiven = (string | number | null)
export type SwitchState = ("open" | "reduce_only" | "halted")

/**
 * Server: a message could not be understood or served. Over Server-Sent Events also why the stream ends: session_ended, slow_reader, going_away, internal.
 */
export interface ErrorMessage {
type: "error"
/**
 * The account whose subscription or watch was not made, as the client has named it.
 */
account_id?: string
code: ("bad_message" | "too_many_accounts" | "bad_symbols" | "not_subscribed" | "too_many_symbols" | "session_ended" | "slow_reader" | "going_away" | "internal")
message: string
}
export interface OrderEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "order"
at: string
data: {
/**
 * What happened, in Alpaca's words or Paddock's: submitting, accepted, new, fill, canceled, reconciled and others. "overshot" says that a closing has traded more than was held, by overshot_qty. "unapplied" has no order: read it by REST.
 */
event: string
order?: Order
/**
 * The fill.
 */
execution?: ({
id: (string | null)
qty: (string | null)
price: (string | null)
at: string
[k: string]: unknown
} | null)
/**
 * What is held then, negative when short.
 */
position_qty?: (string | null)
/**
 * What the broker said, where it could not be applied.
 */
update?: string
[k: string]: unknown
}
}
/**
 * With whatever else Alpaca says of it, under Alpaca's names
 */
export interface Order {
id: string
alpaca_order_id: (string | null)
client_order_id: string
symbol: TextOrNull
side: ("buy" | "sell" | null)
type: TextOrNull
/**
 * The same as type, as Alpaca has it
 */
order_type: TextOrNull
time_in_force: TextOrNull
asset_id: TextOrNull
asset_class: TextOrNull
/**
 * As Alpaca writes it
 */
expires_at: TextOrNull
/**
 * Of a leg: how many of it a unit of the order has
 */
ratio_qty: TextOrNull
order_class: string
position_intent: TextOrNull
qty: AmountOrNull
notional: AmountOrNull
limit_price: AmountOrNull
stop_price: AmountOrNull
trail_price: AmountOrNull
trail_percent: AmountOrNull
/**
 * The best price that a trailing stop has seen
 */
hwm: AmountOrNull
extended_hours: boolean
filled_qty: Amount
filled_avg_price: AmountOrNull
/**
 * Alpaca's, or submitting or unknown
 */
status: string
/**
 * submitting: Alpaca's answer is not known. unsent: it surely never got there, and its retry sends it.
 * unknown: it stayed unclear, and waits for a person.
 * 
 */
intent_state: ("submitting" | "accepted" | "rejected" | "unsent" | "unknown" | "dismissed")
status_message: TextOrNull
action: ("place" | "replace")
/**
 * Of the order that this is a leg of
 */
parent_alpaca_order_id: (string | null)
/**
 * Alpaca's id of the order before it
 */
replaces: (string | null)
/**
 * Alpaca's id of the order after it
 */
replaced_by: (string | null)
submitted_by: TextOrNull
/**
 * The API token that sent it
 */
token_id: (string | null)
orchestrator_agent_id: TextOrNull
tag: TextOrNull
/**
 * Why, in its sender's words
 */
reason: TextOrNull
/**
 * The sleeve to which it belongs
 */
sleeve_id: (string | null)
broker_request_id: TextOrNull
created_at: Time
submitted_at: TimeOrNull
filled_at: TimeOrNull
canceled_at: TimeOrNull
expired_at: TimeOrNull
failed_at: TimeOrNull
replaced_at: TimeOrNull
updated_at: Time
/**
 * Where nested orders are asked for
 */
legs?: (Order[] | null)
[k: string]: unknown
}
export interface PositionEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "position"
at: string
data: {
/**
 * All positions, as Alpaca gives them: reconciliation found another quantity.
 */
positions: {
symbol: string
qty: string
[k: string]: unknown
}[]
[k: string]: unknown
}
}
export interface AgentLogEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "agent_log"
at: string
/**
 * Lines that came in one request. GET /api/agent-logs has all of them, with their data.
 */
data: {
/**
 * How many lines there are.
 */
count: number
/**
 * The time of the earliest line.
 */
first_at: string
/**
 * The time of the latest line.
 */
last_at: string
/**
 * How many lines there are of each level, of which there are any.
 */
levels: {
debug?: number
info?: number
warn?: number
error?: number
}
/**
 * The last 20 of them, in their order.
 * 
 * @maxItems 20
 */
logs: []|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]|[{
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}, {
id: string
at: string
orchestrator_agent_id: (string | null)
order_id: (string | null)
level: ("debug" | "info" | "warn" | "error")
/**
 * Its first 500 characters.
 */
message: string
}]
[k: string]: unknown
}
}
export interface AccountEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "account"
at: string
data: {
name: string
is_active: boolean
stream_mode: ("auto" | "sse" | "ws" | "off")
[k: string]: unknown
}
}
export interface CredentialsEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "credentials"
at: string
data: {
state: ("stored" | "deleted" | "needs_credentials")
key_last4?: string
[k: string]: unknown
}
}
export interface GuardEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "guard"
at: string
data: (GuardRefusal | GuardChange | SwitchTurn | SleeveChange | CashMove | WindDownProgress)
}
/**
 * The guards refused an order.
 */
export interface GuardRefusal {
event: "refused"
violations: Violation[]
/**
 * The order that was refused, as it was asked for.
 */
request: ({
symbol?: (string | null)
side?: (string | null)
[k: string]: unknown
} | null)
submitted_by?: string
[k: string]: unknown
}
export interface Violation {
/**
 * max_refusals: an API token that was stopped. approval: an exercise that would have to wait for a person. reduce_only: a closing of more than can be closed now. unmeasured: what the order would trade is not known
 */
guard: ("switch" | "max_order_notional" | "max_position_notional" | "max_position_qty" | "max_open_orders" | "orders_per_minute" | "orders_per_day" | "daily_loss_limit" | "max_drawdown" | "max_refusals" | "heartbeat" | "allowed_symbols" | "allowed_sides" | "approval" | "reduce_only" | "unmeasured" | "sleeve" | "sleeves" | "sleeve_cash" | "sleeve_position" | "sleeve_switch" | "sleeve_allowed_symbols" | "sleeve_max_order_notional" | "sleeve_max_position_notional" | "sleeve_max_drawdown")
limit: TextOrNull
/**
 * What the order would make of it
 */
value: TextOrNull
message: string
}
/**
 * The limits were changed.
 */
export interface GuardChange {
event: "changed"
limits: Limits
[k: string]: unknown
}
export interface Limits {
max_order_notional?: AmountGiven
max_position_notional?: AmountGiven
max_position_qty?: AmountGiven
max_open_orders?: (number | null)
orders_per_minute?: (number | null)
/**
 * New York's day
 */
orders_per_day?: (number | null)
/**
 * Dollars below the equity at the last close
 */
daily_loss_limit?: AmountGiven
/**
 * Dollars below the high-water mark
 */
max_drawdown?: AmountGiven
/**
 * After so many refusals in a row the switch is turned to reduce_only
 */
max_refusals?: (number | null)
/**
 * How old the last heartbeat may be when an order opens something
 */
heartbeat_seconds?: (number | null)
/**
 * An underlying allows its options too
 * 
 * @maxItems 500
 */
allowed_symbols?: (string[] | null)
/**
 * For what opens a position
 */
allowed_sides?: (("buy" | "sell")[] | null)
/**
 * Trade back at once what a closing traded beyond the position, as where another program's order filled at the same moment
 */
buy_back_overshoot?: boolean
/**
 * Dollars. An API token's order that opens something and is worth more waits for a person's word; 0: each does. With four_eyes everybody's
 */
approval_above?: AmountGiven
/**
 * How many people must approve; 1 without it
 */
approvals_needed?: (number | null)
/**
 * How long what is proposed waits; an hour without it
 */
approval_seconds?: (number | null)
/**
 * Nobody approves what they, or an API token of theirs, propose; and what lets more through, lets somebody in or changes keys takes another person's word
 */
four_eyes?: boolean
}
/**
 * The switch was turned.
 */
export interface SwitchTurn {
event: "switch"
switch: SwitchState
reason: (string | null)
[k: string]: unknown
}
/**
 * A sleeve was made, changed or closed: with what was set.
 */
export interface SleeveChange {
event: "sleeve"
sleeve_id: string
name?: string
closed?: true
[k: string]: unknown
}
/**
 * Cash was moved into a sleeve, out of one, or from one to another; null is what belongs to none.
 */
export interface CashMove {
event: "sleeve_transfer"
transfer_id: string
from_sleeve_id: (string | null)
to_sleeve_id: (string | null)
amount: string
note: (string | null)
[k: string]: unknown
}
/**
 * How far a wind-down is.
 */
export interface WindDownProgress {
event: "wind_down"
wind_down: WindDown
[k: string]: unknown
}
/**
 * What is canceled and closed after the switch was turned, and how far that is
 */
export interface WindDown {
id: string
/**
 * stuck: a person must act, message says what on. superseded: another turn of the switch ended it
 */
state: ("running" | "done" | "stuck" | "superseded")
cancel_orders: boolean
liquidate: boolean
/**
 * What a closing overshot, and is traded back; below 0 where it is short
 */
repair: (null | {
symbol: string
qty: Amount
})
message: TextOrNull
remaining: {
/**
 * Still open at Alpaca
 */
orders?: number
/**
 * Intents whose answer is missing
 */
on_their_way?: number
positions?: {
symbol: string
qty: Amount
/**
 * Why it is still held
 */
message?: string
}[]
}
asked_by: TextOrNull
asked_at: Time
updated_at: Time
ended_at: TimeOrNull
}
export interface JournalEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "journal"
at: string
data: {
/**
 * Whether the journal and the broker hold different quantities of the symbol now. While they differ no profit is shown of its round trips.
 */
event: ("differs" | "agrees")
symbol: string
/**
 * Of differs: negative when short.
 */
journal_qty?: string
/**
 * Of differs: negative when short.
 */
broker_qty?: string
}
}
export interface JobEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "job"
at: string
data: ({
/**
 * How the job ended.
 */
event: ("done" | "failed" | "canceled")
/**
 * The job, as GET /api/jobs/:id gives it; without its answer where it is done, since the order's own events tell of that.
 */
job: {
id: string
kind: "order"
state: ("done" | "failed" | "canceled")
client_order_id: (string | null)
asked_by: string
request: {
[k: string]: unknown
}
accepted_at: string
began_at: (string | null)
ended_at: string
tries: number
status: (number | null)
answer?: ({
[k: string]: unknown
} | null)
[k: string]: unknown
}
[k: string]: unknown
} | {
/**
 * What waited was canceled, by the account being halted, its open orders being canceled, or by DELETE /api/jobs.
 */
event: "canceled_all"
/**
 * How many jobs that were.
 */
canceled: number
[k: string]: unknown
})
}
export interface WebhookEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "webhook"
at: string
data: {
/**
 * The webhook was switched off, and nothing is sent to it.
 */
event: "off"
webhook_id: string
/**
 * Nothing was taken for three days; or its user owns the account no more, or was disabled.
 */
reason: ("failing" | "no_access")
[k: string]: unknown
}
}
export interface HistoryEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "history"
at: string
data: {
/**
 * The import of the account's history is done: lists of orders, executions and round trips have what is older than the account here. Single orders make no events: read the lists again.
 */
event: "imported"
/**
 * How many orders Alpaca listed.
 */
orders_read: number
/**
 * How many of them, and of their legs, were not here.
 */
orders_added: number
/**
 * How many executions were not here.
 */
executions_added: number
[k: string]: unknown
}
}
export interface ApprovalEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "approval"
at: string
data: {
/**
 * What became of it; word: somebody approved, and more must.
 */
event: ("pending" | "word" | "approved" | "used" | "refused" | "expired" | "withdrawn" | "void" | "failed")
/**
 * The approval, as GET /api/approvals/:id gives it.
 */
approval: {
id: string
kind: ("order" | "guards" | "switch" | "sleeve" | "cash" | "grant" | "credentials")
state: ("pending" | "approved" | "used" | "refused" | "expired" | "withdrawn" | "void" | "failed")
request: {
[k: string]: unknown
}
digest: string
reason: (string | null)
proposed_by: string
token_id: (string | null)
above: (string | null)
worth: (string | null)
prices: ({
[k: string]: unknown
} | null)
needed: number
four_eyes: boolean
proposed_at: string
expires_at: string
decided_at: (string | null)
words: {
user_id: string
word: ("approve" | "refuse")
max_price_move: string
note: (string | null)
said_at: string
[k: string]: unknown
}[]
[k: string]: unknown
}
[k: string]: unknown
}
}
export interface NoticeEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "notice"
at: string
data: {
/**
 * The notice was switched off, and nobody is told by it.
 */
event: "off"
notice_id: string
/**
 * Nothing was taken for three days; or its user owns the account no more, or was disabled.
 */
reason: ("failing" | "no_access")
[k: string]: unknown
}
}
export interface LimitEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "limit"
at: string
data: {
/**
 * Four fifths of a limit are used. It is told once a day of each limit, by the calendar of New York.
 */
event: "near"
limit: ("orders_per_day" | "daily_loss_limit" | "max_drawdown" | "max_position_qty" | "max_position_notional" | "max_open_orders" | "sleeve_cash" | "sleeve_max_drawdown")
used: string
/**
 * The limit.
 */
most: string
sleeve_id: (string | null)
/**
 * Of which position the limit is.
 */
symbol: (string | null)
[k: string]: unknown
}
}
export interface StreamEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "stream"
at: string
data: {
/**
 * behind: trade updates have not come for a while; live: they come again.
 */
event: ("behind" | "live")
/**
 * Since when they did not.
 */
since: string
/**
 * Of behind: why the stream ended last.
 */
why?: (string | null)
[k: string]: unknown
}
}
export interface SummaryEvent {
type: "event"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
kind: "summary"
at: string
data: {
/**
 * The notice that it was asked for by.
 */
notice_id: string
/**
 * By the notice's time zone.
 */
day: string
from: string
until: string
/**
 * Orders that were made, here or elsewhere, without the legs of others.
 */
orders: number
/**
 * How many of them are filled.
 */
orders_filled: number
executions: number
/**
 * What executions bought for, in dollars.
 */
bought: string
sold: string
round_trips_closed: number
/**
 * Of the round trips that were closed, before fees.
 */
realized_pl: string
/**
 * Of the same.
 */
fees: string
/**
 * By guards and by Alpaca.
 */
refusals: number
/**
 * As it was read last; null where it never was.
 */
equity: (string | null)
/**
 * Null where it was not read before that time, or not in it.
 */
equity_change: (string | null)
/**
 * Which agents made most orders.
 * 
 * @maxItems 10
 */
agents: []|[{
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}]|[{
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}]|[{
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}]|[{
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}]|[{
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}]|[{
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}]|[{
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}]|[{
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}]|[{
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}]|[{
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}, {
orchestrator_agent_id: string
orders: number
[k: string]: unknown
}]
[k: string]: unknown
}
}
/**
 * Client: is the connection alive? The answer is a pong.
 */
export interface Ping {
type: "ping"
}
/**
 * Server: the answer to a ping.
 */
export interface Pong {
type: "pong"
}
/**
 * Server: what an account that is watched holds, and what is watched besides, trade at; or with a code why that is not known now. It comes every few seconds, has no cursor, and is not repeated: the next one is newer.
 */
export interface QuotesMessage {
type: "quotes"
account_id: string
/**
 * When Alpaca had answered.
 */
at: string
data?: QuotesData
/**
 * A code of the API's errors. needs_credentials: the account has no working keys. broker_rate_limited: the account's requests are left to others for the moment. broker_forbidden, broker_unavailable: what Alpaca said. They are asked for again by themselves.
 */
code?: string
message?: string
}
export interface QuotesData {
/**
 * Without symbols of which Alpaca gives this account no price.
 */
quotes: Quote[]
}
export interface Quote {
/**
 * As orders have it, BTC/USD; positions have it without the slash.
 */
symbol: string
/**
 * Of the last trade; of an option, or without a trade, the middle between bid and ask where these are fair.
 */
price: string
bid: (string | null)
ask: (string | null)
/**
 * Of that trade or quote.
 */
at: (string | null)
}
/**
 * Server: the account's state as of the cursor. What was known of the account before is to be thrown away.
 */
export interface Snapshot {
type: "snapshot"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
at: string
data: SnapshotData
}
export interface SnapshotData {
account: {
id: string
name: string
environment: ("paper" | "live")
is_active: boolean
stream_mode: ("auto" | "sse" | "ws" | "off")
}
positions: SnapshotPosition[]
/**
 * The open orders, newest first, at most 500: as GET /api/orders gives them.
 */
orders: Order[]
}
export interface SnapshotPosition {
symbol: string
asset_class: (string | null)
/**
 * Negative when short.
 */
qty: string
avg_entry_price: (string | null)
market_value: (string | null)
current_price: (string | null)
unrealized_pl: (string | null)
as_of: string
}
/**
 * Client: follow an account. With a cursor, events after it come first; without one, events from now on. With snapshot, the account's state comes before them.
 */
export interface Subscribe {
type: "subscribe"
account_id: string
/**
 * The resume of the last message seen, or its cursor alone, by which a database that came back older than it was may go unnoticed. Not together with snapshot.
 */
cursor?: (number | string)
/**
 * Begin with the account's state as of now.
 */
snapshot?: boolean
}
/**
 * Server: events after the cursor follow. With reset, the cursor that was asked for cannot be gone on from; a snapshot follows at once.
 */
export interface Subscribed {
type: "subscribed"
account_id: string
cursor: number
/**
 * The cursor to subscribe with again.
 */
resume: string
reset?: true
/**
 * Why it is a reset: the events after the cursor are no longer kept, or the log does not have the event of the cursor, because the database came back older than it was.
 */
code?: ("cursor_expired" | "cursor_ahead")
}
/**
 * Client: follow an account no longer.
 */
export interface Unsubscribe {
type: "unsubscribe"
account_id: string
}
/**
 * Server: nothing more comes of this account.
 */
export interface Unsubscribed {
type: "unsubscribed"
account_id: string
/**
 * account_forbidden: there is no such account among yours, or no longer. cursor_expired: events were lost to retention before they were read, subscribe again. cursor_ahead: the database came back older than it was, subscribe again. database_unavailable: subscribe again in a few seconds.
 */
code: ("asked" | "account_forbidden" | "cursor_expired" | "cursor_ahead" | "database_unavailable")
message: string
}
/**
 * Client: nobody looks any more. Events go on.
 */
export interface Unwatch {
type: "unwatch"
account_id: string
}
/**
 * Client: somebody looks at an account that this connection follows: send what it holds, and these symbols besides, trade at. It takes the place of the watch before, and ends with the subscription.
 */
export interface Watch {
type: "watch"
account_id: string
/**
 * Besides what the account holds, which comes without being named.
 * 
 * @maxItems 50
 */
symbols?: string[]
}
