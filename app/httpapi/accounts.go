package httpapi

import (
	"paddock/app/accounts"
	"paddock/app/problem"
)

func (s *Server) listAccounts(r *request) (response, error) {
	list, err := s.Accounts.List(r.Context(), r.admission.Token)
	return ok(map[string]any{"accounts": list}, err)
}

func (s *Server) portfolio(r *request) (response, error) {
	return ok(s.Accounts.Portfolio(r.Context(), r.admission))
}

type newAccount struct {
	Name        string `json:"name"`
	Environment string `json:"environment"`
}

func (s *Server) createAccount(r *request, body newAccount) (response, error) {
	account, err := s.Accounts.Create(r.Context(), r.admission.Token, body.Name, body.Environment)
	if err != nil {
		return response{}, err
	}
	r.writer.Header().Set("Location", "/api/accounts/"+account.ID.String())
	return created(account, nil)
}

func (s *Server) getAccount(r *request) (response, error) {
	return ok(s.Accounts.Get(r.Context(), r.admission))
}

func (s *Server) changeAccount(r *request, changes accounts.Changes) (response, error) {
	return ok(s.Accounts.Change(r.Context(), r.admission, changes))
}

func (s *Server) accountHealth(r *request) (response, error) {
	return ok(s.Accounts.Health(r.Context(), r.admission))
}

func (s *Server) historyImport(r *request) (response, error) {
	return ok(s.Accounts.History(r.Context(), r.admission))
}

func (s *Server) importHistory(r *request) (response, error) {
	return accepted(s.Accounts.ImportHistory(r.Context(), r.admission))
}

func (s *Server) deleteAccount(r *request) (response, error) {
	leave, err := s.settleOpenOrders(r)
	if err != nil {
		return response{}, err
	}
	return noContent(s.Accounts.Delete(r.Context(), r.admission, leave))
}

// settleOpenOrders does what a request to delete an account, or its keys, says
// about open orders: it cancels them, or returns that they are to be left.
func (s *Server) settleOpenOrders(r *request) (leave bool, err error) {
	switch r.query.Get("open_orders") {
	case "":
		return false, nil
	case "leave":
		return true, nil
	case "cancel":
		return false, s.Trading.CancelOpen(r.Context(), r.admission)
	}
	return false, problem.New(problem.InvalidOpenOrders, `Set "open_orders" to cancel or leave, once.`)
}

func (s *Server) getCredentials(r *request) (response, error) {
	return ok(s.Accounts.Credentials(r.Context(), r.admission))
}

type newCredentials struct {
	KeyID     string `json:"key_id"`
	SecretKey string `json:"secret_key"`
}

func (s *Server) putCredentials(r *request, body newCredentials) (response, error) {
	return ok(s.Accounts.PutCredentials(r.Context(), r.admission, body.KeyID, body.SecretKey))
}

func (s *Server) deleteCredentials(r *request) (response, error) {
	leave, err := s.settleOpenOrders(r)
	if err != nil {
		return response{}, err
	}
	return noContent(s.Accounts.DeleteCredentials(r.Context(), r.admission, leave))
}
