package alpacasim

import (
	"errors"
	"net/http"
)

// The codes of exchanges and conditions that simulated data uses, and a few
// related ones.

func (s *Sim) stockExchanges(w http.ResponseWriter, _ *http.Request, _ *account) {
	answer(w, 200, map[string]string{
		"A": "NYSE American (AMEX)", "N": "New York Stock Exchange", "P": "NYSE Arca", "Q": "NASDAQ OMX", "V": "IEX", "Z": "Cboe BZ",
	})
}

func (s *Sim) stockConditions(w http.ResponseWriter, r *http.Request, _ *account) {
	tape := r.URL.Query().Get("tape")
	switch kind := r.PathValue("ticktype"); {
	case tape != "A" && tape != "B" && tape != "C":
		wrong(w, http.StatusBadRequest, errors.New("invalid tape: it must be A, B or C"))
	case kind == "trade":
		answer(w, 200, map[string]string{"@": "Regular Sale", "6": "Closing Prints", "I": "Odd Lot Trade", "O": "Opening Prints", "T": "Form T"})
	case kind == "quote":
		answer(w, 200, map[string]string{"C": "Closing Quote", "O": "Opening Quote", "R": "Regular Two Sided Open"})
	default:
		wrong(w, http.StatusBadRequest, errors.New("invalid ticktype: it must be trade or quote"))
	}
}

func (s *Sim) optionExchanges(w http.ResponseWriter, _ *http.Request, _ *account) {
	answer(w, 200, map[string]string{"A": "NYSE American Options", "C": "Cboe Options", "N": "NYSE Arca Options", "Q": "Nasdaq Options"})
}

func (s *Sim) optionConditions(w http.ResponseWriter, r *http.Request, _ *account) {
	switch r.PathValue("ticktype") {
	case "trade":
		answer(w, 200, map[string]string{"I": "AUTO - Electronic Trade", "a": "SLAN - Single Leg Auction Non ISO", "g": "MLAT - Multi Leg Auction"})
	case "quote":
		answer(w, 200, map[string]string{"A": "Regular"})
	default:
		wrong(w, http.StatusBadRequest, errors.New("invalid ticktype: it must be trade or quote"))
	}
}
