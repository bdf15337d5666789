package problem

// The codes of the API's errors. A code has one kind, and so one HTTP status,
// with one exception: see Problem.Later. docs/api.md has the same list, which
// `make codes` writes.

// Requests that cannot be read: 400.
var (
	AccountRequired       = code(KindInvalid, "account_required", "The request does not say which account it means.")
	AccountMalformed      = code(KindInvalid, "account_malformed", "The account's id is not a UUID.")
	AccountAmbiguous      = code(KindInvalid, "account_ambiguous", "The request names two different accounts.")
	BadRequest            = code(KindInvalid, "bad_request", "A parameter of live updates, such as the cursor, cannot be read.")
	ClientOrderIDRequired = code(KindInvalid, "client_order_id_required", "The request does not say which `client_order_id` it means.")
	InvalidAccount        = code(KindInvalid, "invalid_account", "A name or a setting of an account is not one that it can have.")
	InvalidAlert          = code(KindInvalid, "invalid_alert", "A field of an alert is wrong or missing; the message names it.")
	InvalidApproval       = code(KindInvalid, "invalid_approval", "A field of a word for an approval is wrong or missing, or the approval's id is no UUID.")
	InvalidAgentLog       = code(KindInvalid, "invalid_agent_log", "A field of an agent's log entry, or a parameter of their list, is wrong.")
	InvalidCredentials    = code(KindInvalid, "invalid_credentials", "API keys of this form cannot be Alpaca's.")
	InvalidCursor         = code(KindInvalid, "invalid_cursor", "`before` is not a `next_cursor` of this list, or Alpaca no longer knows where it stands.")
	InvalidGuards         = code(KindInvalid, "invalid_guards", "A limit is not one that an account can have; the message names the field.")
	InvalidIdempotencyKey = code(KindInvalid, "invalid_idempotency_key", "The header `Idempotency-Key` is empty, too long, or not printable ASCII.")
	InvalidGrant          = code(KindInvalid, "invalid_grant", "A field of a role, an invitation or a transfer is not one that it can have, or an invitation's id is no UUID.")
	InvalidJSON           = code(KindInvalid, "invalid_json", "The body is not the JSON of this request.")
	InvalidLimit          = code(KindInvalid, "invalid_limit", "`limit` is not a number in its range.")
	InvalidNumber         = code(KindInvalid, "invalid_number", "A number in the body has more than 400 digits before or after its point, written without an exponent.")
	InvalidOpenOrders     = code(KindInvalid, "invalid_open_orders", "`open_orders` is neither `cancel` nor `leave`.")
	InvalidOrder          = code(KindInvalid, "invalid_order", "A field of an order, a replacement or a closing is wrong or missing; the message names it.")
	InvalidQuery          = code(KindInvalid, "invalid_query", "A parameter of the query is empty, there twice, or not what it can be.")
	InvalidScope          = code(KindInvalid, "invalid_scope", "`scope` is not `account`, `agent`, `tag`, `sleeve`, `user` or `token`, or does not go with `scope_value`.")
	InvalidSince          = code(KindInvalid, "invalid_since", "`since` is neither the `resume` of an event nor a whole number from 0.")
	InvalidStatus         = code(KindInvalid, "invalid_status", "`status` is not `open`, `closed` or `all`.")
	InvalidStepUp         = code(KindInvalid, "invalid_step_up", "A step-up has neither a password nor a code, or both.")
	InvalidSwitch         = code(KindInvalid, "invalid_switch", "A field of a turn of the switch is wrong, or two do not go together.")
	InvalidText           = code(KindInvalid, "invalid_text", "A text is not valid Unicode, or has a NUL in it.")
	InvalidToken          = code(KindInvalid, "invalid_token", "A field of an API token is not one that it can have, or its id is no UUID.")
	InvalidSleeve         = code(KindInvalid, "invalid_sleeve", "A field of a sleeve or of a transfer is not one that it can have, or its id is no UUID.")
	InvalidNotice         = code(KindInvalid, "invalid_notice", "A field of a notice is not one that it can have, or its id is no UUID.")
	InvalidWebhook        = code(KindInvalid, "invalid_webhook", "A webhook's URL or kinds of events are not ones that it can have; or its id is no UUID.")
	JobIDMalformed        = code(KindInvalid, "job_id_malformed", "The job's id is not a UUID.")
	OrderIDMalformed      = code(KindInvalid, "order_id_malformed", "The order's id is not a UUID.")
	PathMalformed         = code(KindInvalid, "path_malformed", "A part of the path cannot be what it stands for, such as a symbol.")
	RepeatedField         = code(KindInvalid, "repeated_field", "A field is in the body twice, maybe in other letters.")
	RepeatedHeader        = code(KindInvalid, "repeated_header", "A header is there twice with two values.")
	UnexpectedBody        = code(KindInvalid, "unexpected_body", "The path takes no body.")
	UnknownField          = code(KindInvalid, "unknown_field", "The body has a field that this request does not have.")
	UnknownParameter      = code(KindInvalid, "unknown_parameter", "The query has a parameter that this path does not have.")
)

// Requests of somebody who may not make them: 401 and 403.
var (
	Unauthenticated      = code(KindUnauthenticated, "unauthenticated", "There is no session, or it has ended.")
	AccountForbidden     = code(KindForbidden, "account_forbidden", "The account is not among yours: it is somebody else's, or there is none.")
	NotPermitted         = code(KindForbidden, "not_permitted", "Your role on the account does not allow this, or the account is paused.")
	StepUpRequired       = code(KindForbidden, "step_up_required", "This changes a live account's keys, lets more orders through or exports its audit, and the session has not shown its password or a code lately: `POST /api/user/step-up`.")
	StepUpRefused        = code(KindForbidden, "step_up_refused", "The password or the code of a step-up is wrong, or the code was used.")
	OwnApproval          = code(KindForbidden, "own_approval", "Nobody approves what they, or with four eyes an API token of theirs, propose.")
	TokenTooWide         = code(KindForbidden, "token_too_wide", "An API token would reach further than the one that makes it, or a live account though it is for paper accounts alone.")
	InvitationForAnother = code(KindForbidden, "invitation_for_another", "The invitation is for another email address than the user's.")
	OriginForbidden      = code(KindForbidden, "origin_forbidden", "A page of this origin may not call the API with a session's cookie.")
)

// What is not there: 404 and 405.
var (
	BrokerNotFound     = code(KindNotFound, "broker_not_found", "Alpaca does not know what the request names.")
	ApprovalNotFound   = code(KindNotFound, "approval_not_found", "The account has no approval of this id.")
	GrantNotFound      = code(KindNotFound, "grant_not_found", "The user has no such role.")
	InvitationNotFound = code(KindNotFound, "invitation_not_found", "There is no such invitation, or it was used or taken back, has expired, or who made it may not invite any more.")
	JobNotFound        = code(KindNotFound, "job_not_found", "The account has no job of this id.")
	NoCredentials      = code(KindNotFound, "no_credentials", "The account has no API keys to show.")
	NoSuchPath         = code(KindNotFound, "no_such_path", "There is nothing at this path.")
	OrderNotFound      = code(KindNotFound, "order_not_found", "The account has no order of this id.")
	PositionNotFound   = code(KindNotFound, "position_not_found", "The account holds no position in this symbol.")
	SleeveNotFound     = code(KindNotFound, "sleeve_not_found", "The account has no sleeve of this id that is not closed.")
	TokenNotFound      = code(KindNotFound, "token_not_found", "The user has no API token of this id that holds.")
	UserNotFound       = code(KindNotFound, "user_not_found", "Nobody else has this email address here.")
	NoticeNotFound     = code(KindNotFound, "notice_not_found", "The account has no notice of this id.")
	WebhookNotFound    = code(KindNotFound, "webhook_not_found", "The account has no webhook of this id.")
	MethodNotAllowed   = code(KindMethod, "method_not_allowed", "The path takes other methods, which the header `Allow` lists.")
)

// What something else stands in the way of: 409.
var (
	ApprovalNeeded             = code(KindConflict, "approval_needed", "This account has four eyes: another person must approve this change. `details.approval` waits for them; send the same request again once it is approved.")
	ApprovalDecided            = code(KindConflict, "approval_decided", "The approval does not wait any more: it was approved, refused, used or withdrawn, or has expired.")
	ApprovalChanged            = code(KindConflict, "approval_changed", "`digest` is not that of the approval: what was approved or refused is not what waits.")
	ApprovalExpired            = code(KindConflict, "approval_expired", "Nobody approved it in time.")
	ApprovalVoid               = code(KindConflict, "approval_void", "The order was approved and did not go, because it, its price or who stands by it has changed; the message says which.")
	NobodyApproves             = code(KindConflict, "nobody_approves", "Four eyes are asked for on an account where nobody else may approve.")
	TooManyApprovals           = code(KindConflict, "too_many_approvals", "As many approvals wait on the account as may.")
	AccountHasUnresolvedOrders = code(KindConflict, "account_has_unresolved_orders", "The account has orders whose state at Alpaca is not known yet.")
	AccountNameTaken           = code(KindConflict, "account_name_taken", "You have an account of this name already.")
	BrokerAccountInUse         = code(KindConflict, "broker_account_in_use", "You have connected this Alpaca account already, under another name.")
	ClientOrderIDTaken         = code(KindConflict, "client_order_id_taken", "Another order has this `client_order_id`.")
	DifferentBrokerAccount     = code(KindConflict, "different_broker_account", "The keys open another Alpaca account than the one that is connected here.")
	EmailUnverified            = code(KindConflict, "email_unverified", "Your email address is not verified, so that no notice is mailed to it.")
	NoMailServer               = code(KindConflict, "no_mail_server", "This server has no mail server to send with: its operator sets `PADDOCK_SMTP_URL`.")
	ExerciseUnderWay           = code(KindConflict, "exercise_under_way", "These contracts are being exercised already.")
	GrantExists                = code(KindConflict, "grant_exists", "The user has a role there already.")
	IdempotencyKeyReused       = code(KindConflict, "idempotency_key_reused", "Another request was sent with this `Idempotency-Key`.")
	JobNotCancelable           = code(KindConflict, "job_not_cancelable", "The job is being carried out, or over.")
	LastOwner                  = code(KindConflict, "last_owner", "The account would have no owner.")
	NeedsCredentials           = code(KindConflict, "needs_credentials", "The account has no API keys, or Alpaca refuses them.")
	OpenOrders                 = code(KindConflict, "open_orders", "Orders are open, and the request does not say what becomes of them; `details.orders` lists them.")
	OrderDismissed             = code(KindConflict, "order_dismissed", "A person has seen that this order was never placed, and its retry sends nothing.")
	OrderNotCancelable         = code(KindConflict, "order_not_cancelable", "The order is not at Alpaca, or Alpaca does not cancel it any more.")
	OrderNotReplaceable        = code(KindConflict, "order_not_replaceable", "The order is not at Alpaca, so that it cannot be replaced.")
	OrderNotUnknown            = code(KindConflict, "order_not_unknown", "Only an order that is `unknown` can be dismissed.")
	OrderUnknown               = code(KindConflict, "order_unknown", "Nobody knows whether this order was placed, and its retry sends nothing: look at Alpaca.")
	RetryRefused               = code(KindConflict, "retry_refused", "A retry of this request was refused while it was under way, so that it sent nothing.")
	NotEnoughCash              = code(KindConflict, "not_enough_cash", "There is less cash to move, in the sleeve or outside of all, than was asked for.")
	SleeveNameTaken            = code(KindConflict, "sleeve_name_taken", "Another sleeve of the account has this name.")
	SleeveNotEmpty             = code(KindConflict, "sleeve_not_empty", "The sleeve has cash, positions or open orders, and cannot be closed.")
	TooManySleeves             = code(KindConflict, "too_many_sleeves", "The account has as many sleeves as it may.")
	TooManyGrants              = code(KindConflict, "too_many_grants", "The account has as many users as it may, or the user has given as many roles on all accounts, or made as many invitations in a day, as one may.")
	TooManyTokens              = code(KindConflict, "too_many_tokens", "The user has as many API tokens that hold as one may.")
	TooManyNotices             = code(KindConflict, "too_many_notices", "The account has as many notices as it may.")
	TooManyWebhooks            = code(KindConflict, "too_many_webhooks", "The account has as many webhooks as it may.")
	TooManyAccounts            = code(KindConflict, "too_many_accounts", "You have as many accounts as you may. Over the WebSocket: the connection follows as many as it may.")
)

// Cursors that cannot be gone on from: 410.
var (
	CursorAhead   = code(KindGone, "cursor_ahead", "The log does not have the event of this cursor: the database came back older than it was. `details.snapshot` is what to start from.")
	CursorExpired = code(KindGone, "cursor_expired", "The events after this cursor are no longer kept. `details.snapshot` is what to start from.")
)

// Bodies that are not taken: 413 and 415.
var (
	BodyTooLarge         = code(KindTooLarge, "body_too_large", "The body is larger than this path takes.")
	UnsupportedMediaType = code(KindUnsupported, "unsupported_media_type", "The body is not said to be JSON.")
)

// What was understood and is refused: 422 and 426.
var (
	AlertTooOld         = code(KindUnprocessable, "alert_too_old", "An alert's `time` is more than five minutes from the clock here, so that it was not carried out.")
	ApprovalRefused     = code(KindUnprocessable, "approval_refused", "A person has refused this order. It was not sent, and its retry sends nothing.")
	BrokerForbidden     = code(KindUnprocessable, "broker_forbidden", "Alpaca does not allow this; the message has its words, where it gave any.")
	BrokerRefused       = code(KindUnprocessable, "broker_refused", "Alpaca refused the request; the message has its words, where it gave any.")
	CredentialsRejected = code(KindUnprocessable, "credentials_rejected", "Alpaca does not take these API keys, so they were not stored.")
	GuardRefused        = code(KindUnprocessable, "guard_refused", "A guard of the account refuses the order; `details.violations` says which, and by how much.")
	NotAnOption         = code(KindUnprocessable, "not_an_option", "Only option contracts can be exercised.")
	OrderRejected       = code(KindUnprocessable, "order_rejected", "Alpaca refused the order; `broker` has its words. The order's retry gets the same answer.")
	PriceUnknown        = code(KindUnprocessable, "price_unknown", "Alpaca gives no price for a symbol, so that the account's guards cannot be checked.")
	QtyExceedsPosition  = code(KindUnprocessable, "qty_exceeds_position", "More is to be closed than the position has.")
	QtyTooSmall         = code(KindUnprocessable, "qty_too_small", "The percentage of the position is less than can be traded.")
	UpgradeRequired     = code(KindUpgrade, "upgrade_required", "`GET /api/ws` is a WebSocket, and this was no client of one.")
)

// Too much at once: 429.
var (
	BrokerRateLimited  = code(KindTooMany, "broker_rate_limited", "The account has used up its requests to Alpaca for the moment.")
	TooManyAddresses   = code(KindTooMany, "too_many_addresses", "You have tried to share with as many addresses of nobody as you may in a day.")
	TooManyAttempts    = code(KindTooMany, "too_many_attempts", "Too many passwords or codes of a step-up were tried.")
	TooManyJobs        = code(KindTooMany, "too_many_jobs", "The account has as many orders waiting to be sent as it may.")
	TooManyKeyChecks   = code(KindTooMany, "too_many_key_checks", "You have had API keys checked at Alpaca as often as you may for the moment; keys that it refuses count three times.")
	TooManyRequests    = code(KindTooMany, "too_many_requests", "You make more requests in a second, or have more under way at once, than one user may; the message has the limit.")
	TooMuchStored      = code(KindTooMany, "too_much_stored", "You have had as much stored in a day (agent logs, orders, kept answers) as one user may.")
	TooManyConnections = code(KindTooMany, "too_many_connections", "You have as many live connections to this server as you may.")
)

// What is ours to mend, or passes by itself: 500 and 503.
var (
	Internal              = code(KindInternal, "internal", "Something went wrong on the server's side: give the request id to its operator.")
	AccountNotSynced      = code(KindUnavailable, "account_not_synced", "What is known of the account may not be what Alpaca has, and its guards must know.")
	BrokerAnswerLost      = code(KindUnavailable, "broker_answer_lost", "Alpaca's answer to a change was lost: look whether it was made before you try again.")
	BrokerUnavailable     = code(KindUnavailable, "broker_unavailable", "Alpaca cannot be reached, or its answer not be used.")
	CredentialsUnreadable = code(KindUnavailable, "credentials_unreadable", "The stored keys do not open with the server's master keys: its operator must restore them.")
	DatabaseUnavailable   = code(KindUnavailable, "database_unavailable", "The database cannot be reached at the moment.")
	GoingAway             = code(KindUnavailable, "going_away", "The server is going away: connect again.")
	NotReady              = code(KindUnavailable, "not_ready", "`GET /readyz` alone: the database does not answer, takes no changes or has an older schema than the server needs.")
	OrdersNotCanceled     = code(KindUnavailable, "orders_not_canceled", "Some open orders are not over yet, so that nothing else was done.")
	RequestUnderWay       = code(KindUnavailable, "request_under_way", "The first request with this `Idempotency-Key` is still under way.")
	SyncPending           = code(KindUnavailable, "sync_pending", "The reconciliation goes on: ask again for its answer.")
)

// Codes that only messages of live updates have.
var (
	Asked        = list(InLive, 0, "asked", "The client has unsubscribed.")
	BadMessage   = list(InLive, 0, "bad_message", "The message is not one that a client can send.")
	SessionEnded = list(InLive, 0, "session_ended", "The session has ended: sign in again.")
	SlowReader   = list(InLive, 0, "slow_reader", "Too much waited for this connection: connect again and resume by cursor.")
)

// Warnings of a preview: the order can be sent, and Alpaca will do with it what
// the warning says.
var (
	AssetNotTradable        = list(InPreview, 0, "asset_not_tradable", "The symbol cannot be traded now.")
	AssetUnknown            = list(InPreview, 0, "asset_unknown", "Alpaca does not know the symbol.")
	InsufficientBuyingPower = list(InPreview, 0, "insufficient_buying_power", "The order takes more buying power than there is.")
	NotFractionable         = list(InPreview, 0, "not_fractionable", "The symbol is traded in whole numbers alone.")
	NotShortable            = list(InPreview, 0, "not_shortable", "The symbol cannot be sold short.")
	SessionClosed           = list(InPreview, 0, "session_closed", "The order waits for the regular session.")
	WashTrade               = list(InPreview, 0, "wash_trade", "An open order of the other side could trade with this one, which Alpaca refuses.")
)

// Errors of `paddock report` and `paddock user`, which no endpoint has.
var (
	InvalidReportName      = list(InCommand, KindInvalid, "invalid_report_name", "A reporting login cannot have this name.")
	ReportNotForUser       = list(InCommand, KindConflict, "report_not_for_user", "The user neither owns the account nor has the role `reports` there, or the login sees it already for somebody else or for nobody.")
	ReportNeedsAccount     = list(InCommand, KindInvalid, "report_needs_account", "A reporting login needs an account that it may see.")
	UnknownAccount         = list(InCommand, KindNotFound, "unknown_account", "There is no account of this id.")
	UnknownReportLogin     = list(InCommand, KindNotFound, "unknown_report_login", "There is no reporting login of this name.")
	ReportLoginOwnsObjects = list(InCommand, KindConflict, "report_login_owns_objects", "The login owns objects on the server, so that it cannot be dropped.")
	ReportNotGranted       = list(InCommand, KindNotFound, "report_not_granted", "The reporting login does not see this account.")
	InvalidReportEnd       = list(InCommand, KindInvalid, "invalid_report_end", "A reporting login must end in the future.")
	InvalidReportURL       = list(InCommand, KindInvalid, "invalid_report_url", "PADDOCK_REPORT_URL is not the URL of a Postgres for reports.")
	ReportNameTaken        = list(InCommand, KindConflict, "report_name_taken", "The server has a role of this name already.")
	InvalidEmail           = list(InCommand, KindInvalid, "invalid_email", "This is no email address.")
	UnknownUser            = list(InCommand, KindNotFound, "unknown_user", "There is no user with this email address.")
	UserExists             = list(InCommand, KindConflict, "user_exists", "There is a user with this email address already.")
	UserHasOpenOrders      = list(InCommand, KindConflict, "user_has_open_orders", "Orders of the user's accounts are open at Alpaca, or may be.")
)
