// Command check reads what go test prints of benchmarks, prints the ratios that are
// kept in a file beside what they were, and fails where one became worse by more than
// a fifth. Ratios beside a floor that was measured in the same run say the same on
// every machine, where times do not.
//
//	go test -bench . ./tests/bench | go run ./tests/bench/check tests/bench/testdata/ratios.txt
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// worse is how much worse than kept a ratio may be: benchmarks are not exact.
const worse = 0.2

// kept is a line of the file: a benchmark's ratio, and whether more is better.
type kept struct {
	benchmark, unit string
	more            bool
	ratio           float64
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: check FILE, with the output of go test -bench as its input")
	}
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	list, err := readKept(file)
	if err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
	measured, err := readMeasured(io.TeeReader(os.Stdin, os.Stdout))
	if err != nil {
		log.Fatal(err)
	}
	lines, failed := compare(list, measured)
	fmt.Printf("\n%s", strings.Join(lines, ""))
	if failed {
		os.Exit(1)
	}
}

// readKept reads lines such as "Orders http/pgbench more 0.64".
func readKept(r io.Reader) (list []kept, err error) {
	in := bufio.NewScanner(r)
	for in.Scan() {
		line, _, _ := strings.Cut(in.Text(), "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != 4 || words[2] != "more" && words[2] != "less" {
			return nil, fmt.Errorf("%q is no benchmark, ratio, more or less, and number", in.Text())
		}
		ratio, err := strconv.ParseFloat(words[3], 64)
		if err != nil {
			return nil, err
		}
		list = append(list, kept{words[0], words[1], words[2] == "more", ratio})
	}
	return list, in.Err()
}

// result is a line of a benchmark: its name without the number of processors, how
// often it ran, and its values with their units.
var result = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// readMeasured returns the values of each benchmark, by its name and the unit.
func readMeasured(r io.Reader) (map[string]float64, error) {
	measured := map[string]float64{}
	in := bufio.NewScanner(r)
	for in.Scan() {
		m := result.FindStringSubmatch(in.Text())
		if m == nil {
			continue
		}
		words := strings.Fields(m[2])
		for i := 0; i+1 < len(words); i += 2 {
			if value, err := strconv.ParseFloat(words[i], 64); err == nil {
				measured[m[1]+" "+words[i+1]] = value
			}
		}
	}
	return measured, in.Err()
}

// compare returns a line for each kept ratio, and whether one is worse or missing.
func compare(list []kept, measured map[string]float64) (lines []string, failed bool) {
	for _, k := range list {
		value, found := measured[k.benchmark+" "+k.unit]
		verdict := "ok"
		switch {
		case !found:
			verdict = "not measured"
		case k.more && value < k.ratio*(1-worse), !k.more && value > k.ratio*(1+worse):
			verdict = "worse by more than a fifth"
		}
		failed = failed || verdict != "ok"
		lines = append(lines, fmt.Sprintf("%-24s %-24s %6.2f, kept %6.2f  %s\n", k.benchmark, k.unit, value, k.ratio, verdict))
	}
	return lines, failed
}
