package httpapi

import (
	"paddock/app/problem"
	"paddock/app/sharing"
)

func (s *Server) listGrants(r *request) (response, error) {
	return ok(s.Sharing.List(r.Context(), r.admission))
}

func (s *Server) giveGrant(r *request, body sharing.Request) (response, error) {
	return created(s.Sharing.Give(r.Context(), r.admission, body))
}

func (s *Server) changeGrant(r *request, change sharing.Change) (response, error) {
	return ok(s.Sharing.Change(r.Context(), r.admission, r.PathValue("user_id"), change))
}

// endGrant is for every user and not only for those who may come to the account: who has
// it for reports alone may leave it.
func (s *Server) endGrant(r *request) (response, error) {
	account, err := r.account()
	if err != nil {
		return response{}, err
	}
	return noContent(s.Sharing.End(r.Context(), r.admission, account, r.PathValue("user_id")))
}

// newOwner is who gets an account.
type newOwner struct {
	UserID string `json:"user_id"`
}

func (s *Server) transferAccount(r *request, body newOwner) (response, error) {
	return noContent(s.Sharing.Transfer(r.Context(), r.admission, body.UserID))
}

func (s *Server) ownGrants(r *request) (response, error) {
	return ok(s.Sharing.Own(r.Context(), r.admission))
}

func (s *Server) giveGrantOnAll(r *request, body sharing.Request) (response, error) {
	return created(s.Sharing.GiveOnAll(r.Context(), r.admission, body))
}

func (s *Server) endGrantOnAll(r *request) (response, error) {
	return noContent(s.Sharing.EndOnAll(r.Context(), r.admission, r.PathValue("owner_id"), r.PathValue("user_id")))
}

// invite makes an invitation to the account of the path, or to all accounts of the user.
func (s *Server) invite(r *request, body sharing.Invitation) (response, error) {
	return created(s.Sharing.Invite(r.Context(), r.admission, body))
}

// heldInvitation is the token of an invitation that somebody has.
type heldInvitation struct {
	Token string `json:"token"`
}

func (s *Server) lookAtInvitation(r *request, body heldInvitation) (response, error) {
	return ok(s.Sharing.Look(r.Context(), r.admission, body.Token))
}

func (s *Server) takeInvitation(r *request, body heldInvitation) (response, error) {
	return ok(s.Sharing.Take(r.Context(), r.admission, body.Token))
}

func (s *Server) takeInvitationBack(r *request) (response, error) {
	id, err := parseIDOf(r.PathValue("id"), "invitation", problem.InvalidGrant, "/api/accounts/:id/grants or GET /api/user/grants")
	if err != nil {
		return response{}, err
	}
	return noContent(s.Sharing.TakeBack(r.Context(), r.admission, id))
}
