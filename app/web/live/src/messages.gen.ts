// Made from app/push/schema by npm run types. Do not edit.

/**
 * Server: a message could not be understood or served. Over Server-Sent Events also why the stream ends: session_ended, slow_reader, going_away, internal.
 */
export interface ErrorMessage {
type: "error"
code: ("bad_message" | "too_many_accounts" | "session_ended" | "slow_reader" | "going_away" | "internal")
message: string
}

/**
 * Server: the next event of the account's log. An account's cursors count up by one.
 */
export type LiveEvent = (OrderEvent | PositionEvent | AgentLogEvent | AccountEvent | CredentialsEvent | GuardEvent | JournalEvent)

export interface OrderEvent {
type: "event"
account_id: string
cursor: number
kind: "order"
at: string
data: {
/**
 * What happened, in Alpaca's words or Paddock's: submitting, accepted, new, fill, canceled, reconciled and others. "overshot" says that a closing has traded more than was held, by overshot_qty. "unapplied" has no order: read it by REST.
 */
event: string
/**
 * The order after it, as GET /api/orders gives it.
 */
order?: {
id: string
[k: string]: unknown
}
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
export interface PositionEvent {
type: "event"
account_id: string
cursor: number
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
kind: "agent_log"
at: string
data: {
orchestrator_agent_id: string
level: ("debug" | "info" | "warn" | "error")
message: string
[k: string]: unknown
}
}
export interface AccountEvent {
type: "event"
account_id: string
cursor: number
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
kind: "guard"
at: string
data: {
event: ("refused" | "changed" | "switch" | "wind_down")
/**
 * Of a refusal.
 */
violations?: {
[k: string]: unknown
}[]
/**
 * The order that was refused.
 */
request?: ({
[k: string]: unknown
} | null)
submitted_by?: string
/**
 * Of a change.
 */
limits?: {
[k: string]: unknown
}
/**
 * How far a wind-down is, as in GET /api/guards.
 */
wind_down?: {
[k: string]: unknown
}
/**
 * Of the switch.
 */
switch?: ("open" | "reduce_only" | "halted")
reason?: (string | null)
[k: string]: unknown
}
}
export interface JournalEvent {
type: "event"
account_id: string
cursor: number
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
 * Server: the account's state as of the cursor. What was known of the account before is to be thrown away.
 */
export interface Snapshot {
type: "snapshot"
account_id: string
cursor: number
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
orders: {
id: string
[k: string]: unknown
}[]
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
 * The last event seen. Not together with snapshot.
 */
cursor?: number
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
reset?: true
/**
 * Why it is a reset: the events after the cursor are no longer kept, or the log is behind the cursor, as after a restore.
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
 * account_forbidden: there is no such account among yours, or no longer. cursor_expired: events were lost to retention before they were read, subscribe again. database_unavailable: subscribe again in a few seconds.
 */
code: ("asked" | "account_forbidden" | "cursor_expired" | "database_unavailable")
message: string
}
