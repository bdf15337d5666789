package problem

// SQLStates has every SQLSTATE that a function under sql/func raises by itself,
// with the codes that it becomes for who asked: which of them depends on what
// was asked for. Internal stands for a mistake of ours, which no request should
// be able to cause.
var SQLStates = map[string][]Code{
	"PD401": {Unauthenticated},
	"PD403": {AccountForbidden},
	"PD409": {DifferentBrokerAccount, IdempotencyKeyReused, ExerciseUnderWay},
	"PD410": {ClientOrderIDTaken},
	"PD411": {RetryRefused},
	"PD422": {GuardRefused, AccountNotSynced, PriceUnknown, BrokerUnavailable}, // by the verdict in its detail
	"PD429": {TooManyAccounts},
	"PD430": {TooMuchStored},
	"PD500": {CredentialsUnreadable},

	"42501": {NotPermitted},
	"22004": {Internal}, // keys are stored without the account that they open
	"22023": {Internal}, // a function is called with an argument that it cannot have
	"23505": {Internal}, // an order of the broker's is recorded under two of ours
	"23514": {Internal}, // a closing names no single symbol, side and quantity
	"25001": {Internal}, // an order is made in a transaction that is not read committed
}
