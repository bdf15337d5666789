package problem

// SQLStates has every SQLSTATE that a function under sql/func raises by itself,
// with the codes that it becomes for who asked: which of them depends on what
// was asked for. Internal stands for a mistake of ours, which no request should
// be able to cause.
var SQLStates = map[string][]Code{
	"PD401": {Unauthenticated},
	"PD403": {AccountForbidden},
	"PD408": {Internal}, // an import is elsewhere than its run believes; no request imports
	"PD409": {DifferentBrokerAccount, IdempotencyKeyReused, ExerciseUnderWay},
	"PD410": {ClientOrderIDTaken},
	"PD411": {RetryRefused},
	"PD412": {ClientOrderIDTaken, IdempotencyKeyReused}, // by its detail
	"PD419": {StepUpRequired},
	"PD422": {GuardRefused, AccountNotSynced, PriceUnknown, BrokerUnavailable}, // by the verdict in its detail
	"PD423": {NotPermitted},                                                    // a disabled user gets no session; sign-in says so by a code of its own
	"PD428": {NotPermitted},                                                    // no session without a second factor; sign-in asks for it
	"PD429": {TooManyAccounts},

	"PD430": {TooMuchStored},
	"PD431": {TooManyJobs},
	"PD432": {Internal},                        // a job's claim is over; somebody else begins it again
	"PD433": {TooManyWebhooks, TooManyNotices}, // by its detail
	"PD434": {TooManyTokens},
	"PD435": {TokenTooWide},
	"PD445": {SleeveNameTaken, TooManySleeves},  // by its detail
	"PD446": {NotEnoughCash, BrokerUnavailable}, // by its detail
	"PD447": {SleeveNotFound},
	"PD448": {SleeveNotEmpty},
	"PD436": {TooManyGrants},
	"PD437": {LastOwner},
	"PD438": {InvalidGrant},
	"PD439": {TooManyAddresses},
	"PD440": {GrantExists},
	"PD441": {InvitationNotFound},
	"PD442": {InvitationForAnother},
	"PD443": {ReportNotForUser},
	"PD444": {Internal}, // the deletion of a user takes back what it did; it catches this itself
	"PD450": {Internal}, // an order needs a person's word; it is proposed
	"PD451": {ApprovalVoid},
	"PD452": {ApprovalDecided, ApprovalExpired}, // by its detail
	"PD453": {ApprovalChanged},
	"PD454": {OwnApproval},
	"PD455": {TooManyApprovals},
	"PD456": {ApprovalRefused},
	"PD457": {ApprovalNeeded},
	"PD458": {NobodyApproves},
	"PD460": {IdempotencyKeyReused},
	"PD461": {InvalidAgentLog},
	"PD462": {InvalidAgentLog},
	"PD463": {InvalidAgentLog},
	"PD464": {EmailUnverified},
	"PD465": {InvalidNotice},
	"PD470": {CopyingExists, CopyingNotFound, InvalidCopying}, // by its detail
	"PD472": {IdempotencyKeyReused},
	"PD473": {BrokerUnavailable},
	"PD474": {InvalidBlockOrder},
	"PD475": {NotPermitted},
	"PD480": {Internal}, // a read must go to the primary, where it is made again
	"PD500": {CredentialsUnreadable},
	"PD501": {CredentialsUnreadable},

	"40001": {DatabaseUnavailable}, // an account was made while its user was being deleted: the call may be made again
	"42501": {NotPermitted},
	"22004": {Internal}, // keys are stored without the account that they open
	"22023": {Internal}, // a function is called with an argument that it cannot have
	"23505": {Internal}, // an order of the broker's is recorded under two of ours
	"23514": {Internal}, // a closing names no single symbol, side and quantity
	"55000": {Internal}, // an operator's command asks for what cannot be done yet
	"25001": {Internal}, // an order is made in a transaction that is not read committed
}

// unavailable has the SQLSTATEs, and the first two characters of the classes of
// SQLSTATEs, with which Postgres says that it cannot do now what it could do at
// another time. The request is not at fault, and may be made again.
var unavailable = map[string]bool{
	"08": true, // the connection failed
	"40": true, // another transaction was in the way: deadlocks, serialization
	"53": true, // no disk, no memory, no entry in the table of locks, no connection left
	"57": true, // a timeout or an operator ended it, or the server is going down or coming up
	"58": true, // the disk failed, or a file is missing

	"25006": true, // the server became a replica, which takes no changes
	"25P03": true, // the transaction was idle for too long
	"25P04": true, // the transaction took too long
	"55P03": true, // a lock could not be had in time
}

// IsUnavailable reports whether a SQLSTATE means that the database is
// unavailable for the moment: the answer is 503, with Retry-After.
func IsUnavailable(sqlstate string) bool {
	return len(sqlstate) == 5 && (unavailable[sqlstate] || unavailable[sqlstate[:2]])
}
