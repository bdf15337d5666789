package push

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// serve does what a client asks for.
func (f *follower) serve(ctx context.Context, r request) {
	switch {
	case r.Type == "ping":
		f.tell(message{Type: "pong"})
	case r.Type == "subscribe" && r.Account != uuid.Nil && (r.Cursor == nil || *r.Cursor >= 0 && !r.Snapshot):
		f.subscribe(ctx, r)
	case r.Type == "unsubscribe" && r.Account != uuid.Nil:
		f.leave(r.Account)
		f.tell(message{Type: "unsubscribed", Account: &r.Account, Code: problem.Asked, Message: "As you asked."})
	default:
		f.complain(problem.BadMessage, `The "type" must be subscribe, unsubscribe or ping, with the account's id and either a cursor from 0 or a snapshot.`)
	}
}

func (f *follower) complain(code problem.Code, sentence string) {
	f.tell(message{Type: "error", Code: code, Message: sentence})
}

// subscribe asks the database whether the session may read the account, and
// from then on follows it.
func (f *follower) subscribe(ctx context.Context, r request) {
	f.mu.Lock()
	_, again := f.cursors[r.Account]
	full := !again && len(f.cursors) >= f.hub.MaxAccounts
	f.mu.Unlock()
	if full {
		f.complain(problem.TooManyAccounts, "This connection follows as many accounts as it may. Unsubscribe from one first.")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	standing, err := f.hub.stand(ctx, f.token, r.Account)
	switch {
	case err != nil:
		f.unavailable(r.Account)
		return
	case standing.Verdict != tenant.OK:
		if f.leave(r.Account); standing.Verdict == tenant.NoSession {
			f.lose(r.Account, standing.Verdict)
		} else {
			f.tell(unsubscribed(r.Account, standing.Verdict))
		}
		return
	}
	reply := message{Type: "subscribed", Account: &r.Account, Cursor: &standing.Head}
	switch {
	case r.Cursor == nil:
	case *r.Cursor > standing.Head:
		reply.Reset, reply.Code = true, problem.CursorAhead
	case *r.Cursor < standing.Dropped:
		reply.Reset, reply.Code = true, problem.CursorExpired
	default:
		reply.Cursor = r.Cursor
	}
	if !reply.Reset && !r.Snapshot {
		f.follow(r.Account, *reply.Cursor, reply)
		return
	}
	s, err := f.hub.Log.Snapshot(ctx, tenant.Admission{Token: f.token, Account: r.Account})
	if err != nil {
		f.unavailable(r.Account)
		return
	}
	reply.Cursor = &s.Cursor
	f.follow(r.Account, s.Cursor, reply, message{Type: "snapshot", Account: &r.Account, Cursor: &s.Cursor, At: &s.At, Data: s.Data})
}

// unavailable tells that a subscription could not be made; one that there was
// goes on.
func (f *follower) unavailable(account uuid.UUID) {
	f.leave(account)
	f.tell(message{Type: "unsubscribed", Account: &account, Code: problem.DatabaseUnavailable,
		Message: "The database cannot be reached at the moment. Subscribe again in a few seconds."})
}

// stand asks how a session stands, with an account or, for uuid.Nil, alone.
func (h *Hub) stand(ctx context.Context, token string, account uuid.UUID) (tenant.Standing, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	answer, err := h.Worker.Stand(ctx, []tenant.Interest{{Token: token, Account: account}})
	if err != nil {
		return tenant.Standing{}, err
	}
	if len(answer) != 1 {
		return tenant.Standing{}, errors.New("the database does not say how a session stands")
	}
	return answer[0], nil
}

// asked is the subscription that an address asks for, if any, with the cursor
// under the name given: it serves clients that can only listen.
func asked(q url.Values, cursor string) (r *request, complaint string) {
	if !q.Has("account_id") {
		return nil, ""
	}
	account, err := uuid.Parse(q.Get("account_id"))
	if err != nil || account == uuid.Nil {
		return nil, `The "account_id" is not a UUID. Copy it from GET /api/accounts.`
	}
	r = &request{Type: "subscribe", Account: account}
	if q.Has(cursor) {
		n, err := strconv.ParseInt(q.Get(cursor), 10, 64)
		if err != nil || n < 0 {
			return nil, `The "` + cursor + `" must be a whole number from 0.`
		}
		r.Cursor = &n
	}
	if q.Has("snapshot") {
		if r.Snapshot = q.Get("snapshot") == "true"; !r.Snapshot || r.Cursor != nil {
			return nil, `Set "snapshot" to true, and leave the cursor out then, or the snapshot.`
		}
	}
	return r, ""
}
