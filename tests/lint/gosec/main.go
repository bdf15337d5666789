// Command gosec runs gosec's rules over packages, and ends with 1 where they find
// something. gosec's own command brings the clients of several companies with it,
// which take minutes to build.
//
// A finding that is none is annotated where it is, with its rule and a reason:
//
//	// #nosec G304 -- the operator names the file
package main

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/securego/gosec/v2"
	"github.com/securego/gosec/v2/analyzers"
	"github.com/securego/gosec/v2/issue"
	"github.com/securego/gosec/v2/rules"
)

// Rules that are left out, each for a reason.
var excluded = []string{
	"G104", // errors that nobody checks: vet and review look for these, and gosec names each deferred Close
	"G124", // cookies without Secure: that follows the scheme of BETTER_AUTH_URL, and TestSecureCookies looks at it
	"G304", // files whose names vary: operators name them, and G703 finds those that requests would name
	"G115", // conversions of numbers: lengths and counts, each of which it takes for one that overflows
	"G204", // programs with arguments that vary: there is no shell between
}

func main() { os.Exit(run(os.Args[1:])) }

func run(folders []string) int {
	analyzer := gosec.NewAnalyzer(gosec.NewConfig(), false, true, false, 2, log.New(io.Discard, "", 0))
	analyzer.LoadRules(rules.Generate(false, rules.NewRuleFilter(true, excluded...)).RulesInfo())
	analyzer.LoadAnalyzers(analyzers.Generate(false, analyzers.NewAnalyzerFilter(true, excluded...)).AnalyzersInfo())
	var packages []string
	for _, folder := range folders {
		found, err := gosec.PackagePaths(folder+"/...", gosec.ExcludedDirsRegExp([]string{"node_modules", "testdata"}))
		if err != nil {
			fmt.Fprintln(os.Stderr, "gosec:", err)
			return 2
		}
		packages = append(packages, found...)
	}
	if err := analyzer.Process(nil, packages...); err != nil {
		fmt.Fprintln(os.Stderr, "gosec:", err)
		return 2
	}
	issues, metrics, failed := analyzer.Report()
	issues = slices.DeleteFunc(issues, func(i *issue.Issue) bool {
		return i.RuleID == "G404" && strings.Contains(filepath.ToSlash(i.File), "/app/alpacasim/") // the same seed makes the same market
	})
	for file, errs := range failed {
		fmt.Fprintf(os.Stderr, "gosec cannot read %s: %v\n", file, errs)
	}
	here, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gosec:", err)
		return 2
	}
	slices.SortFunc(issues, func(a, b *issue.Issue) int {
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Line, b.Line))
	})
	for _, i := range issues {
		name, err := filepath.Rel(here, i.File)
		if err != nil {
			name = i.File
		}
		fmt.Printf("%s:%s: %s (%s)\n", name, i.Line, i.What, i.RuleID)
	}
	if len(issues) > 0 {
		fmt.Println(`mend it, or say why it is none: // #nosec G304 -- the reason`)
	}
	if metrics.NumFiles == 0 {
		fmt.Fprintln(os.Stderr, "gosec: no files were read")
		return 2
	}
	if len(issues) > 0 || len(failed) > 0 {
		return 1
	}
	return 0
}
