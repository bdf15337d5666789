package push

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/google/uuid"

	"paddock/app/ids"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// handleRequest serves a client's request.
func (f *follower) handleRequest(ctx context.Context, r request) {
	switch {
	case r.Type == "ping":
		f.sendMessage(message{Type: "pong"})
	case r.Type == "subscribe" && r.Account.UUID != uuid.Nil && (r.Cursor == nil || !r.Cursor.malformed && !r.Snapshot):
		f.subscribe(ctx, r)
	case r.Type == "subscribe" && r.Account.said != "":
		f.refuseSubscription(r, problem.BadMessage, `Subscribe with the account's UUID, as GET /api/accounts has it, and with either a cursor (the "resume" of the last message, or a number from 0) or a snapshot.`)
	case r.Type == "unsubscribe" && r.Account.UUID != uuid.Nil:
		f.unsubscribe(r.Account.UUID)
		f.sendMessage(message{Type: "unsubscribed", Account: r.Account.UUID, Code: problem.Asked, Message: "As you asked."})
	case r.Type == "watch" && r.Account.UUID != uuid.Nil:
		f.watchRequest(r)
	case r.Type == "unwatch" && r.Account.UUID != uuid.Nil:
		f.hub.unwatch(f, r.Account.UUID)
	default:
		f.sendError(problem.BadMessage, `The "type" must be subscribe, unsubscribe, watch, unwatch or ping, with the account's id and either a cursor or a snapshot.`)
	}
}

// refuseSubscription says that a subscription was not made, and which.
func (f *follower) refuseSubscription(r request, code problem.Code, sentence string) {
	f.sendMessage(message{Type: "error", Account: r.Account.said, Code: code, Message: sentence})
}

func (f *follower) sendError(code problem.Code, sentence string) {
	f.sendMessage(message{Type: "error", Code: code, Message: sentence})
}

// subscribe checks in the database whether the session may read the account,
// and then follows it.
func (f *follower) subscribe(ctx context.Context, r request) {
	account := r.Account.UUID
	f.mu.Lock()
	_, again := f.cursors[account]
	full := !again && len(f.cursors) >= f.hub.MaxAccounts
	f.mu.Unlock()
	if full {
		f.refuseSubscription(r, problem.TooManyAccounts, "This connection follows as many accounts as it may. Unsubscribe from one first.")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	state, err := f.hub.checkAccess(ctx, tenant.AccessQuestion{Token: f.token, Account: account, Cursor: r.Cursor.asked()})
	switch {
	case err != nil:
		f.sendUnavailable(account)
		return
	case state.Access != tenant.AccessOK:
		if f.unsubscribe(account); state.Access == tenant.NoSession {
			f.revoke(account, state.Access)
		} else {
			f.sendMessage(unsubscribed(account, state.Access))
		}
		return
	}
	reply := message{Type: "subscribed", Account: account}
	switch state.Place {
	case tenant.CursorAhead:
		reply.Reset, reply.Code = true, problem.CursorAhead
	case tenant.CursorExpired:
		reply.Reset, reply.Code = true, problem.CursorExpired
	}
	if !reply.Reset && !r.Snapshot {
		reply.setCursor(state.Cursor)
		f.follow(account, state.Cursor, reply)
		return
	}
	s, err := f.hub.Log.Snapshot(ctx, tenant.Admission{Token: f.token, Account: account})
	if err != nil {
		f.sendUnavailable(account)
		return
	}
	at, _ := tenant.ParseCursor(s.Resume) // the database has written it
	reply.setCursor(at)
	snapshot := message{Type: "snapshot", Account: account, At: &s.At, Data: s.Data}
	snapshot.setCursor(at)
	f.follow(account, at, reply, snapshot)
}

// sendUnavailable ends a subscription, or refuses a new one, because the
// database cannot be reached.
func (f *follower) sendUnavailable(account uuid.UUID) {
	f.unsubscribe(account)
	f.sendMessage(message{Type: "unsubscribed", Account: account, Code: problem.DatabaseUnavailable,
		Message: "The database cannot be reached at the moment. Subscribe again in a few seconds."})
}

// checkAccess asks the database what a session may do.
func (h *Hub) checkAccess(ctx context.Context, q tenant.AccessQuestion) (tenant.AccessState, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	answer, err := h.Worker.CheckAccess(ctx, []tenant.AccessQuestion{q})
	if err != nil {
		return tenant.AccessState{}, err
	}
	if len(answer) != 1 {
		return tenant.AccessState{}, errors.New("the database does not say how a session stands")
	}
	return answer[0], nil
}

// subscriptionFromQuery returns the subscription that a URL asks for, nil for
// none, and otherwise what is wrong with it. parameter is the name of the cursor's
// parameter. It serves clients that can only listen.
func subscriptionFromQuery(q url.Values, parameter string) (r *request, problem string) {
	if !q.Has("account_id") {
		return nil, ""
	}
	account, ok := ids.Parse(q.Get("account_id"))
	if !ok {
		return nil, `The "account_id" is not a UUID. Copy it from GET /api/accounts.`
	}
	r = &request{Type: "subscribe", Account: accountID{account, account.String()}}
	if q.Has(parameter) {
		n, ok := tenant.ParseCursor(q.Get(parameter))
		if !ok || n.Seq < 0 {
			return nil, `The "` + parameter + `" must be the "resume" of the last message, or a whole number from 0.`
		}
		r.Cursor = &cursor{Cursor: n}
	}
	if q.Has("snapshot") {
		if r.Snapshot = q.Get("snapshot") == "true"; !r.Snapshot || r.Cursor != nil {
			return nil, `Set "snapshot" to true, and leave the cursor out then, or the snapshot.`
		}
	}
	return r, ""
}
