package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	strict "github.com/go-json-experiment/json"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"paddock/app/problem"
)

// call carries a tool out: it checks the arguments, makes the request, and says of its
// answer which account it is about and what is left.
func (c *caller) call(ctx context.Context, t *tool, text json.RawMessage) *sdk.CallToolResult {
	arguments, wrong := t.check(text)
	if wrong != "" {
		return fails(problem.BadRequest.String(), wrong).answer()
	}
	now, a, err := c.token(ctx)
	if err != nil || a.status != http.StatusOK {
		return resultOf(a, err).answer()
	}
	r, wrong := t.request(arguments)
	if wrong != "" {
		return fails(problem.BadRequest.String(), wrong).answer()
	}
	var on *account
	if t.ofToken && len(now.Accounts) == 1 {
		on = &now.Accounts[0]
	}
	if !t.ofToken {
		id, stop := choose(now.Accounts, textOf(arguments["account"]))
		if stop != nil {
			return stop.answer()
		}
		r.account = id
		if i := slices.IndexFunc(now.Accounts, func(a account) bool { return a.ID == id }); i >= 0 {
			on = &now.Accounts[i]
		}
	}
	if on == nil { // it is about several accounts, or about one that the API will refuse
		res := resultOf(c.do(ctx, r))
		if t.ofToken {
			res.Notes = append(res.Notes, "What is left of an account's budget is in each answer about it, such as that of get_account.")
		}
		return res.answer()
	}

	// What a tool that only reads leaves is asked for meanwhile, and what one that changes
	// something leaves afterwards.
	left := make(chan answer, 1)
	ask := func() {
		budget := request{method: http.MethodGet, path: "/api/budget", query: url.Values{}, account: on.ID}
		if sleeve := textOf(arguments["sleeve_id"]); sleeve != "" {
			budget.query.Set("sleeve_id", sleeve)
		}
		a, _ := c.do(ofItself(context.WithoutCancel(ctx)), budget) // the zero answer says that it failed
		left <- a
	}
	if !t.changesSomething() {
		go ask()
	}
	res := resultOf(c.do(ctx, r))
	if t.changesSomething() {
		ask()
	}
	res.Account = &resultOn{on.ID, untrusted{on.Name}, on.Environment}
	res.add(<-left)
	return res.answer()
}

// add adds what is left.
func (r *result) add(left answer) {
	var told struct {
		Budget json.RawMessage `json:"budget"`
		Rates  json.RawMessage `json:"rate_limit"`
	}
	if left.status == http.StatusOK && json.Unmarshal(left.body, &told) == nil {
		budget, err := mark(told.Budget)
		rates, notRates := mark(told.Rates)
		if figures, is := budget.(map[string]any); is {
			delete(figures, "account") // it stands above
		}
		if err == nil && notRates == nil {
			r.Budget, r.Rates = budget, rates
			return
		}
	}
	r.Notes = append(r.Notes, "What is left of the budget could not be read. The rest of the answer holds.")
}

// choose returns the id of the account that is meant.
func choose(all []account, named string) (id string, stop *result) {
	var found []account
	for _, a := range all {
		if named == "" || a.ID == strings.ToLower(named) || a.Name == named {
			found = append(found, a)
		}
	}
	switch {
	case len(found) == 1:
		return found[0].ID, nil
	case len(found) == 0 && isID(named):
		return named, nil // the API decides, and says the same of every account that is not the token's
	}
	res := fails(problem.AccountRequired.String(), "Say which account is meant: set account to the id of one of \"choices\".")
	switch {
	case len(all) == 0:
		res = fails(problem.AccountForbidden.String(), "This token reaches no account any more. Ask the person who made it.")
	case len(found) == 0:
		res = fails(problem.AccountForbidden.String(), "This token reaches no account of this name. Set account to the id of one of \"choices\".")
		found = all
	case named != "":
		res = fails(problem.AccountAmbiguous.String(), "Several accounts have this name. Set account to the id of one of \"choices\".")
	}
	for _, a := range found {
		res.Choices = append(res.Choices, resultOn{a.ID, untrusted{a.Name}, a.Environment})
	}
	return "", &res
}

func isID(text string) bool { return len(text) == 36 && strings.Count(text, "-") == 4 }

// check reads a call's arguments, or returns a sentence that says what is wrong with them.
// It is as strict as the API: nothing is there twice, and nothing that is not known.
func (t *tool) check(text json.RawMessage) (arguments map[string]json.RawMessage, wrong string) {
	if len(text) == 0 || string(text) == "null" {
		text = json.RawMessage("{}")
	}
	var values map[string]any
	if err := strict.Unmarshal(text, &values); err != nil {
		return nil, "The arguments are not one JSON object in which each name is there once."
	}
	if err := t.checked.Validate(values); err != nil {
		return nil, "The arguments are not as the tool's schema says: " + strings.TrimPrefix(err.Error(), "validating root: ") + "."
	}
	if err := json.Unmarshal(text, &arguments); err != nil {
		return nil, "The arguments are not one JSON object."
	}
	return arguments, ""
}

// request returns the request to the API, by the arguments, or a sentence that says what is
// wrong with them.
func (t *tool) request(arguments map[string]json.RawMessage) (r request, wrong string) {
	r = request{method: t.method, path: t.path, query: url.Values{}}
	body := map[string]json.RawMessage{}
	for _, a := range t.arguments {
		value, there := arguments[a.name]
		if !there {
			continue
		}
		switch a.in {
		case inBody:
			body[a.name] = value
		case inQuery:
			r.query.Set(a.name, plain(value))
		case inPath:
			r.path = strings.ReplaceAll(r.path, "{"+a.name+"}", url.PathEscape(textOf(value)))
		case asKey:
			r.key = textOf(value)
		}
	}
	if t.method == http.MethodPost && len(t.arguments) > 0 || t.method == http.MethodPatch {
		var err error
		if r.body, err = json.Marshal(body); err != nil {
			return r, "The arguments cannot be written as JSON."
		}
	}
	if t.build != nil {
		wrong = t.build(&r, arguments)
	}
	return r, wrong
}

// plain returns a value as a query has it.
func plain(value json.RawMessage) string {
	var list []string
	if json.Unmarshal(value, &list) == nil {
		return strings.Join(list, ",")
	}
	if text := textOf(value); text != "" {
		return text
	}
	return string(value) // a number, true or false
}

func fails(code, message string) result {
	return result{Outcome: failed, Error: &failure{Code: code, Message: message}}
}

// resultOf returns the result of a request to the API.
func resultOf(a answer, err error) result {
	switch {
	case err != nil && a.status == 0 || err != nil && a.status < 300:
		res := fails(problem.Internal.String(), "The request was not answered as it should be: "+reason(err)+". If it was to change something, it may have been done or not: repeat the same call with the same arguments, which does nothing twice.")
		return res
	case a.status >= 300:
		return problemOf(a)
	}
	res := result{Outcome: done}
	switch {
	case a.status == http.StatusAccepted && waits(a.body):
		res.Outcome = waiting
		res.Notes = append(res.Notes, "A person must approve this order first, and then it is sent by itself. Look with get_approval. Do not place it again, and do not split it to need no approval.")
	case a.status == http.StatusAccepted:
		res.Outcome = pending
		res.Notes = append(res.Notes, "It was accepted, and how it ended is not known yet. Look with get_order, or repeat the same call with the same arguments: it is not done twice.")
	}
	if len(a.body) > 0 {
		if res.Data, err = mark(a.body); err != nil {
			return fails(problem.Internal.String(), "The answer of the server is no JSON.")
		}
	}
	return res
}

// waits reports whether an answer is a job that waits for a person's word.
func waits(body []byte) bool {
	var job struct {
		State string `json:"state"`
	}
	return json.Unmarshal(body, &job) == nil && job.State == "pending_approval"
}

// reason returns why a request failed, without anything of the request.
func reason(err error) string {
	switch err {
	case errTooLong:
		return errTooLong.Error()
	case context.DeadlineExceeded:
		return "it took too long"
	}
	return "the server could not be reached, or broke off"
}

// problemOf returns the result of an answer that is an error.
func problemOf(a answer) result {
	var body struct {
		Code      string          `json:"code"`
		Message   string          `json:"message"`
		RequestID string          `json:"request_id"`
		Broker    json.RawMessage `json:"broker"`
		Details   json.RawMessage `json:"details"`
	}
	if json.Unmarshal(a.body, &body) != nil || body.Code == "" {
		res := fails(problem.Internal.String(), fmt.Sprintf("The server answered with %d, and not as Paddock does.", a.status))
		res.Error.Status = a.status
		return res
	}
	if body.Code == problem.GuardRefused.String() {
		var details struct {
			Violations []struct {
				Guard, Message string
				Limit, Value   *string
			} `json:"violations"`
		}
		if json.Unmarshal(body.Details, &details) == nil && len(details.Violations) > 0 {
			res := result{Outcome: refused}
			for _, v := range details.Violations {
				res.Refused = append(res.Refused, refusal{v.Guard, figure(v.Limit), figure(v.Value), untrusted{v.Message}, adviceOn(v.Guard)})
			}
			return res
		}
	}
	f := &failure{Code: body.Code, Message: body.Message, Status: a.status, RetryAfter: a.retryAfter(), RequestID: body.RequestID}
	if len(body.Broker) > 0 {
		// The API's sentence has Alpaca's words in it.
		f.Message = "Alpaca refused it: \"broker\" has its words."
		if code, is := problem.Named(body.Code); is {
			f.Message = code.Meaning() + " Alpaca's words are in \"broker\"."
		}
		f.Broker, _ = mark(body.Broker)
	}
	if len(body.Details) > 0 {
		f.Details, _ = mark(body.Details)
	}
	return result{Outcome: failed, Error: f}
}

// figure returns a limit or a value of a guard, marked where it is more than a figure or a
// list of symbols.
func figure(text *string) any {
	if text == nil {
		return nil
	}
	for word := range strings.SplitSeq(*text, ", ") {
		if !plainWord.MatchString(word) {
			return untrusted{*text}
		}
	}
	return *text
}
