package httpapi

import (
	"net/http"

	"github.com/julienschmidt/httprouter"

	"paddock/app/accounts"
	"paddock/app/problem"
	"paddock/app/tenant"
)

func (s *Server) listAccounts(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	token, err := s.session(r)
	if err != nil {
		return err
	}
	list, err := s.Accounts.List(r.Context(), token)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"accounts": list})
}

func (s *Server) createAccount(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	token, err := s.session(r)
	if err != nil {
		return err
	}
	var body struct {
		Name        string `json:"name"`
		Environment string `json:"environment"`
	}
	if err := readBody(r, &body); err != nil {
		return err
	}
	account, err := s.Accounts.Create(r.Context(), token, body.Name, body.Environment)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/accounts/"+account.ID.String())
	return writeJSON(w, http.StatusCreated, account)
}

func (s *Server) getAccount(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, err := s.pathAdmission(r, p)
	if err != nil {
		return err
	}
	account, err := s.Accounts.Get(r.Context(), a)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, account)
}

func (s *Server) changeAccount(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, err := s.pathAdmission(r, p)
	if err != nil {
		return err
	}
	var changes accounts.Changes
	if err := readBody(r, &changes); err != nil {
		return err
	}
	account, err := s.Accounts.Change(r.Context(), a, changes)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, account)
}

func (s *Server) accountHealth(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, err := s.pathAdmission(r, p)
	if err != nil {
		return err
	}
	health, err := s.Accounts.Health(r.Context(), a)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, health)
}

func (s *Server) deleteAccount(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, err := s.pathAdmission(r, p)
	if err != nil {
		return err
	}
	leave, err := s.settleOpenOrders(r, a)
	if err != nil {
		return err
	}
	if err := s.Accounts.Delete(r.Context(), a, leave); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// settleOpenOrders does what a request to delete an account, or its keys, says
// about open orders: it cancels them, or returns that they are to be left.
func (s *Server) settleOpenOrders(r *http.Request, a tenant.Admission) (leave bool, err error) {
	switch r.URL.Query().Get("open_orders") {
	case "":
		return false, nil
	case "leave":
		return true, nil
	case "cancel":
		return false, s.Trading.CancelOpen(r.Context(), a)
	}
	return false, problem.New(problem.InvalidOpenOrders, `Set "open_orders" to cancel or leave, once.`)
}

func (s *Server) getCredentials(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, err := s.pathAdmission(r, p)
	if err != nil {
		return err
	}
	metadata, err := s.Accounts.Credentials(r.Context(), a)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, metadata)
}

func (s *Server) putCredentials(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, err := s.pathAdmission(r, p)
	if err != nil {
		return err
	}
	var body struct {
		KeyID     string `json:"key_id"`
		SecretKey string `json:"secret_key"`
	}
	if err := readBody(r, &body); err != nil {
		return err
	}
	metadata, err := s.Accounts.PutCredentials(r.Context(), a, body.KeyID, body.SecretKey)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, metadata)
}

func (s *Server) deleteCredentials(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, err := s.pathAdmission(r, p)
	if err != nil {
		return err
	}
	leave, err := s.settleOpenOrders(r, a)
	if err != nil {
		return err
	}
	if err := s.Accounts.DeleteCredentials(r.Context(), a, leave); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
