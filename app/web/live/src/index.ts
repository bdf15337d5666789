export { PaddockLive, type Handlers, type LiveOptions, type LiveState, type Place, type Subscription } from './live.js'
export type { Connect, Wire } from './wire.js'
export type {
  AccountEvent, AgentLogEvent, CredentialsEvent, ErrorMessage, GuardEvent, LiveEvent, OrderEvent, PositionEvent, Snapshot, SnapshotData, SnapshotPosition, Subscribed, Unsubscribed } from './messages.gen.js'
