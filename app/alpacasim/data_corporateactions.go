package alpacasim

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The corporate action endpoints check a request as Alpaca does, and list none:
// the splits and dividends that a test makes by Split and PayDividend show in
// activities, positions and orders alone.

var actionTypes = []string{
	"reverse_split", "forward_split", "unit_split", "cash_dividend", "stock_dividend", "spin_off", "cash_merger", "stock_merger",
	"stock_and_cash_merger", "redemption", "name_change", "worthless_removal", "rights_distribution", "partial_call", "reorganization",
}

func (s *Sim) corporateActions(w http.ResponseWriter, r *http.Request, _ *account) {
	q := r.URL.Query()
	err := errors.Join(oneOf(r, "types", actionTypes...), oneOf(r, "sort", "asc", "desc"), oneOf(r, "region", "us", "non_us", "all"))
	for _, name := range []string{"start", "end"} {
		if _, dayErr := time.Parse(time.DateOnly, q.Get(name)); q.Get(name) != "" && dayErr != nil {
			err = errors.Join(err, fmt.Errorf("invalid %s: %s", name, q.Get(name)))
		}
	}
	if n, limitErr := strconv.Atoi(q.Get("limit")); q.Get("limit") != "" && (limitErr != nil || n < 1 || n > 1000) {
		err = errors.Join(err, errors.New("invalid limit: it must be between 1 and 1000"))
	}
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	answer(w, 200, map[string]any{"corporate_actions": map[string]any{}, "next_page_token": nil})
}
