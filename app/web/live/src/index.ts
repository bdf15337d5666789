export { PaddockLive, type Handlers, type LiveOptions, type LiveState, type Place, type Subscription } from './live.js'
export type { Connect, Wire } from './wire.js'
export type { ErrorMessage, LiveEvent, Snapshot, SnapshotData, SnapshotPosition, Subscribed, Unsubscribed } from './messages.gen.js'
