export { PaddockLive, type Handlers, type LiveOptions, type LiveState, type Place, type Subscription } from './live.js'
export type { Connect, Wire } from './wire.js'
export type {
  AccountEvent, AgentLogEvent, CredentialsEvent, ErrorMessage, GuardChange, GuardEvent, GuardRefusal, JournalEvent, Limits, LiveEvent, Order, OrderEvent,
  PositionEvent, Snapshot, SnapshotData, SnapshotPosition, Subscribed, SwitchState, SwitchTurn, Unsubscribed, Violation, WindDown, WindDownProgress,
} from './messages.gen.js'
