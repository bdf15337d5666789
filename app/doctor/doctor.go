// Package doctor looks at a deployment for what an operator can get wrong:
// logins, grants and policies, settings of Postgres, keys, clocks, backups, and
// what the network reaches. There is one list of checks. paddock doctor runs all
// of them, and paddock serve those at its start without which a promise of
// Paddock would not hold. Nothing is changed by a check.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"paddock/app/config"
)

// Status is what became of a check.
type Status string

const (
	OK         Status = "ok"          // nothing is wrong
	NotChecked Status = "not_checked" // it could not be found out
	Warning    Status = "warning"     // Paddock works, and something should be changed
	Failure    Status = "failure"     // a promise of Paddock does not hold, or it does not work
)

// worse has the statuses in the order of how bad they are.
var worse = []Status{OK, NotChecked, Warning, Failure}

// Finding is one thing that a check found.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Object string `json:"object,omitempty"` // such as a table, of a difference
	Says   string `json:"says"`
	Do     string `json:"do,omitempty"` // what the operator should do
}

// Report is what all checks found.
type Report struct {
	Status   Status    `json:"status"` // of the worst finding
	At       time.Time `json:"at"`
	Findings []Finding `json:"findings"`
}

// Options are what to look at.
type Options struct {
	Config config.Config
	Wrong  error // of config.Load; Config then has what could be read
	// OwnerURL is that of the role that migrates, or of a superuser; "" where it
	// is not known. Both see more than the runtime logins.
	OwnerURL string
	Skip     []string // names of checks that are not to be run
}

// check is one entry of the list.
type check struct {
	name  string
	about string // for --help
	start bool   // serve runs it too, and does not start where it fails
	run   func(context.Context, *examination) []Finding
}

// checks is everything that is looked at, in this order: what the next ones need
// comes first.
var checks = []check{
	{"environment", "no APCA_ variable is set, which the Alpaca SDK would read", true, checkEnvironment},
	{"configuration", "the settings of serve can be used", true, checkConfiguration},
	{"connection", "all URLs lead to one primary server of a supported version", true, checkConnection},
	{"logins", "row level security holds each login of serve", true, checkLogins},
	{"pooler", "what lies between here and Postgres keeps transactions, settings and notifications", true, checkPooler},
	{"migrations", "the database is at the version of this binary", true, checkMigrations},
	{"row_security", "row level security is enabled and forced on each table", true, checkDrift},
	{"master_keys", "the master keys are those of the database, and none is missing", true, checkMasterKeys},
	{"logged_values", "Postgres does not log the values of statements", true, checkLoggedValues},
	{"policies", "policies are those that this version makes", false, checkDrift},
	{"grants", "nobody has more or fewer privileges than this version grants", false, checkDrift},
	{"functions", "functions and triggers are those that this version makes", false, checkDrift},
	{"roles", "Paddock's roles have their attributes, memberships and settings, and no more", false, checkDrift},
	{"objects", "tables, columns, constraints, indexes and the rest are those that this version makes", false, checkDrift},
	{"reporting_logins", "reporting logins are held by row level security, and can be watched", false, checkReportingLogins},
	{"tls", "connections to Postgres on other machines are encrypted, and the server's name is checked", false, checkTLS},
	{"durability", "Postgres keeps what it has confirmed", false, checkDurability},
	{"clock", "the clocks of this machine, of Postgres and of Alpaca agree", false, checkClock},
	{"seal_key", "the seal has a key, and it is renewed", false, checkSealKey},
	{"streams", "each account with keys is looked after, and agreed with Alpaca lately", false, checkStreams},
	{"event_log", "the log of events has its partitions for this month and the next", false, checkEventLog},
	{"oldest_snapshot", "no transaction is open for so long that Postgres cannot clean up", false, checkOldestSnapshot},
	{"replica", "reads can go to the standby, where one is given", false, checkReplica},
	{"notify_queue", "the queue of notifications is empty", false, checkNotifyQueue},
	{"backup", "there is a backup, and it is not old", false, checkBackup},
	{"exposure", "nothing is served by plain http to others", false, checkExposure},
	{"sign_up", "strangers cannot sign up", false, checkSignUp},
}

// Checks returns the name of each check and what it makes sure of, in the order
// in which they are run.
func Checks() (list [][2]string) {
	for _, c := range checks {
		list = append(list, [2]string{c.name, c.about})
	}
	return list
}

// checkTime bounds one check.
const checkTime = 30 * time.Second

// Run runs all checks but those to skip. The error is about the names of these.
func Run(ctx context.Context, o Options) (Report, error) {
	for _, name := range o.Skip {
		if !slices.ContainsFunc(checks, func(c check) bool { return c.name == name }) {
			return Report{}, fmt.Errorf("there is no check %q: paddock doctor --help lists them", name)
		}
	}
	return report(ctx, o, func(c check) bool { return !slices.Contains(o.Skip, c.name) }), nil
}

// RunStart runs the checks that serve runs at its start.
func RunStart(ctx context.Context, c config.Config) Report {
	return report(ctx, Options{Config: c}, func(c check) bool { return c.start })
}

// report runs the checks that are wanted.
func report(ctx context.Context, o Options, wanted func(check) bool) Report {
	e := examine(ctx, o)
	defer e.close()
	report := Report{Status: OK, At: time.Now().UTC().Truncate(time.Second)}
	for _, c := range checks {
		if !wanted(c) {
			continue
		}
		for _, f := range e.run(ctx, c) {
			f.Says, f.Do = e.mask(sentence(f.Says)), e.mask(sentence(f.Do))
			report.Findings = append(report.Findings, f)
			if slices.Index(worse, f.Status) > slices.Index(worse, report.Status) {
				report.Status = f.Status
			}
		}
	}
	return report
}

// Start runs the checks that serve runs before it does anything else. Its error
// is the first failure, in one sentence. Warnings are logged.
func Start(ctx context.Context, c config.Config, log *slog.Logger) error {
	e := examine(ctx, Options{Config: c})
	defer e.close()
	for _, c := range checks {
		if !c.start {
			continue
		}
		for _, f := range e.run(ctx, c) {
			switch says, do := e.mask(f.Says), e.mask(f.Do); {
			case f.Status == Failure && do == "":
				return errors.New(says)
			case f.Status == Failure:
				return fmt.Errorf("%s: %s", says, do)
			case f.Status == NotChecked:
				return fmt.Errorf("%s could not be checked: %s", c.name, says)
			case f.Status == Warning:
				log.Warn(says, "check", c.name, "do", do)
			}
		}
	}
	return nil
}

// CheckWorker returns an error, in one sentence, where a command may not work with
// this URL of paddock_worker: because of the login, or of what lies before
// Postgres.
func CheckWorker(ctx context.Context, url string, pooler bool) error {
	e := examine(ctx, Options{Config: config.Config{WorkerURL: url, Pooler: pooler}})
	defer e.close()
	worker := e.logins[1]
	if worker.err != nil {
		return worker.err
	}
	for _, check := range []func(context.Context, *login) ([]Finding, error){checkLogin, e.checkPoolerOf} {
		found, err := check(ctx, worker)
		if err != nil {
			return err
		}
		for _, f := range found {
			return fmt.Errorf("%s: %s", e.mask(f.Says), e.mask(f.Do))
		}
	}
	return nil
}

// run runs one check within its time, and names its findings after it.
func (e *examination) run(ctx context.Context, c check) []Finding {
	limited, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	e.current = c.name
	found := c.run(limited, e)
	if len(found) == 0 {
		found = []Finding{fine("%s", c.about)}
	}
	told := map[Finding]bool{} // two URLs may be one
	var list []Finding
	for _, f := range found {
		f.Check = c.name
		if !told[f] {
			told[f] = true
			list = append(list, f)
		}
	}
	return list
}

func fine(says string, args ...any) Finding {
	return Finding{Status: OK, Says: fmt.Sprintf(says, args...)}
}

func warning(do, says string, args ...any) Finding {
	return Finding{Status: Warning, Says: fmt.Sprintf(says, args...), Do: do}
}

func failure(do, says string, args ...any) Finding {
	return Finding{Status: Failure, Says: fmt.Sprintf(says, args...), Do: do}
}

// unchecked is for what could not be found out; do says how it could be.
func unchecked(do, says string, args ...any) []Finding {
	return []Finding{{Status: NotChecked, Says: fmt.Sprintf(says, args...), Do: do}}
}

// sentence returns text with a capital and a full stop, as errors have neither.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	first, _, _ := strings.Cut(text, " ")
	if !strings.ContainsAny(first, "_.:(") {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if last := text[len(text)-1]; last != '.' && last != ';' && last != '?' {
		text += "."
	}
	return text
}
