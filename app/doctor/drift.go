package doctor

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"paddock/sql/facts"
)

// driftKinds has the kinds of facts that each check compares with what this
// version makes.
var driftKinds = map[string][]string{
	"row_security": {"row security"},
	"policies":     {"policy"},
	"grants":       {"grant"},
	"functions":    {"function", "trigger"},
	"roles":        {"role", "membership", "setting"},
	"objects":      {"table", "column", "constraint", "index", "rule", "schema", "extension", "type", "operator"},
}

// checkDrift finds what is not as this version makes it, object by object.
func checkDrift(ctx context.Context, e *examination) (found []Finding) {
	connected := e.connected()
	switch {
	case len(connected) == 0:
		return noConnection()
	case e.version == 0, e.newer && e.current != "row_security":
		return unchecked("see what the check of migrations says", "the database is not at the version of this Paddock")
	}
	if e.found == nil && e.foundError == nil {
		e.found, e.foundError = facts.Of(ctx, connected[0].conn)
	}
	if e.foundError != nil {
		return refused(e.foundError)
	}
	kinds := driftKinds[e.current]
	of := func(all []facts.Fact) (list []facts.Fact) {
		for _, f := range all {
			for _, kind := range kinds {
				if f.Kind == kind {
					list = append(list, f)
				}
			}
		}
		return list
	}
	made, is := of(facts.Made()), of(e.found)
	if e.newer { // whatever its tables are, each has row level security
		made = nil
		for _, f := range is {
			made = append(made, facts.Fact{Kind: f.Kind, Name: f.Name, Value: "enabled and forced"})
		}
	}
	for _, d := range facts.Compare(made, is) {
		if d.Kind == "setting" && d.Made == "" { // the operator's own
			continue
		}
		found = append(found, drifted(d))
	}
	return found
}

// harmless has the kinds whose differences break no promise: indexes and
// settings alone make things slow. What else is there in addition gives nobody
// anything without a grant or a policy, which are looked at by themselves.
func harmless(d facts.Difference) bool {
	switch d.Kind {
	case "index", "setting":
		return true
	case "table", "column", "constraint", "type", "operator", "extension":
		return d.Made == ""
	}
	return false
}

func drifted(d facts.Difference) Finding {
	f := Finding{Status: Failure, Object: d.Kind + " " + d.Name, Do: remedy(d)}
	if d.Kind == "grant" {
		f.Object = d.Name
	}
	if harmless(d) {
		f.Status = Warning
	}
	what := "the " + d.Kind + " " + d.Name
	switch {
	case d.Kind == "grant" && d.Made == "":
		f.Says = fmt.Sprintf("there is a grant that this version does not make, %s: %s", d.Name, d.Found)
	case d.Kind == "membership" && strings.HasSuffix(d.Name, " in paddock_auth"):
		// A Better Auth server beside Paddock has such a login, by docs/operations.md.
		f.Status = Warning
		f.Says = fmt.Sprintf("there is a login that reads and writes sessions and passwords, as one of a Better Auth server beside Paddock does; where there is none: %s", d.Name)
	case d.Kind == "membership":
		f.Says = fmt.Sprintf("there is a membership that this version does not make: %s", d.Name)
	case d.Kind == "row security" && d.Found != "" && d.Made != "":
		f.Says = fmt.Sprintf("row level security of %s is %s", d.Name, d.Found)
	case d.Found == "":
		f.Says = fmt.Sprintf("%s is missing; it should be: %s", what, d.Made)
	case d.Made == "":
		f.Says = fmt.Sprintf("%s is not of this version: %s", what, d.Found)
	case d.Kind == "function":
		f.Says = fmt.Sprintf("%s differs; it is: %s; it should be: %s", what, d.Found, d.Made)
	default:
		f.Says = fmt.Sprintf("%s is: %s; it should be: %s", what, d.Found, d.Made)
	}
	return f
}

var onGrant = regexp.MustCompile(`^(table|function|schema|type) (.*) to (\S+)$`)

// remedy says how to put an object back. Statements are for a superuser or the
// role that migrates.
func remedy(d facts.Difference) string {
	_, table, _ := strings.Cut(d.Name, " of ")
	name, _, _ := strings.Cut(d.Name, " of ")
	switch d.Kind {
	case "row security":
		if d.Made == "" {
			return "move the table to another schema, or drop it"
		}
		if strings.Contains(d.Name, "YYYY_MM") {
			return fmt.Sprintf("for each table whose name is %s with a month run alter table … enable row level security, force row level security;", strings.TrimSuffix(d.Name, "YYYY_MM"))
		}
		return fmt.Sprintf("run alter table %s enable row level security, force row level security;", d.Name)
	case "policy":
		if d.Made == "" {
			return fmt.Sprintf("run drop policy %s on %s;", name, table)
		}
		return fmt.Sprintf("drop the policy %s, and create it again as the migration of %s in sql has it", name, table)
	case "grant":
		return grantRemedy(d)
	case "role":
		if d.Made != "" && d.Found != "" {
			login, _, _ := strings.Cut(strings.ReplaceAll(d.Made, "no login", "nologin"), ",")
			return fmt.Sprintf("run alter role %s %s nosuperuser nobypassrls nocreatedb nocreaterole noreplication inherit;", d.Name, login)
		}
	case "membership":
		member, role, _ := strings.Cut(d.Name, " in ")
		return fmt.Sprintf("run revoke %s from %s;", role, member)
	case "setting":
		role, setting, _ := strings.Cut(d.Name, " ")
		return fmt.Sprintf("run alter role %s set %s = '%s'; then restart serve and a pooler", role, setting, d.Made)
	case "function":
		if d.Made != "" {
			return "run its newest file in sql/func again, and its grants, as its migration in sql does"
		}
	case "trigger":
		if d.Made != "" && strings.Contains(d.Found, ", enabled ") {
			return fmt.Sprintf("run alter table %s enable trigger %s;", table, name)
		}
	}
	if d.Made == "" {
		return "find out who made it; if nobody needs it, drop it or put it back"
	}
	return "put it back as sql/schema.sql has it"
}

func grantRemedy(d facts.Difference) string {
	m := onGrant.FindStringSubmatch(d.Name)
	if m == nil || strings.Contains(d.Found, "with grant option") {
		if d.Made == "" {
			return "revoke it, unless it is wanted"
		}
		return "grant again what the migrations in sql grant, and revoke the rest"
	}
	revoke := fmt.Sprintf("revoke all on %s %s from %s;", m[1], m[2], m[3])
	switch {
	case d.Made == "":
		return "run " + revoke
	case d.Found == "":
		return fmt.Sprintf("run grant %s on %s %s to %s;", d.Made, m[1], m[2], m[3])
	}
	// Revoking from a table also takes what was granted on its columns.
	have, want := strings.Split(d.Found, ", "), strings.Split(d.Made, ", ")
	var steps []string
	if more := without(have, want); more != nil {
		steps = append(steps, fmt.Sprintf("revoke %s on %s %s from %s;", strings.Join(more, ", "), m[1], m[2], m[3]))
	}
	if fewer := without(want, have); fewer != nil {
		steps = append(steps, fmt.Sprintf("grant %s on %s %s to %s;", strings.Join(fewer, ", "), m[1], m[2], m[3]))
	}
	return "run " + strings.Join(steps, " ")
}

// without returns what list has and other has not.
func without(list, other []string) (rest []string) {
	has := map[string]bool{}
	for _, text := range other {
		has[text] = true
	}
	for _, text := range list {
		if !has[text] {
			rest = append(rest, text)
		}
	}
	return rest
}
