package jsonb_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"paddock/sql/jsonb"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// What Postgres makes of JSON is never larger than Size says, and little
// smaller; and what has a long number here has one for app.json_size.
func TestPostgresMakesNothingLarger(t *testing.T) {
	conn := pgtest.New(t).Conn(t, "admin")
	for _, text := range append(texts(), randomTexts(300)...) {
		if !json.Valid([]byte(text)) {
			t.Fatalf("%.200s is no JSON", text)
		}
		said := jsonb.Size([]byte(text))
		var bound int64
		err := conn.QueryRow(t.Context(), "select app.json_size($1::text::jsonb)", text).Scan(&bound)
		if err != nil { // beyond what numeric takes
			if said != math.MaxInt {
				t.Errorf("%.200s: Size says %d, and Postgres %v", text, said, err)
			}
			continue
		}
		if (bound == math.MaxInt64) != (said == math.MaxInt) {
			t.Errorf("%.200s: Size says %d, and app.json_size %d", text, said, bound)
			continue
		}
		var made int
		if err := conn.QueryRow(t.Context(), "select octet_length($1::text::jsonb::text)", text).Scan(&made); err != nil {
			t.Fatal(err)
		}
		if bound != math.MaxInt64 && int(bound) != made {
			t.Errorf("%.200s: app.json_size says %d, and it is %d", text, bound, made)
		}
		if said < made {
			t.Errorf("%.200s: Size says %d, and Postgres makes %d", text, said, made)
		}
		short, found := jsonb.WithoutLongNumbers([]byte(text))
		if found != (said == math.MaxInt) || !json.Valid(short) || jsonb.Size(short) == math.MaxInt || !found && string(short) != text {
			t.Errorf("%.200s without long numbers is %.200s (%t)", text, short, found)
		}
	}
}

// Every number that a float64 can be is kept.
func TestFloatsAreKept(t *testing.T) {
	for _, f := range []float64{math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 2.2250738585072014e-308, 4.9406564584124654e-324, math.Pi} {
		for _, format := range []string{"%g", "%.17g", "%e", "%.16E"} {
			if number := fmt.Sprintf(format, f); jsonb.IsLong(number) {
				t.Errorf("%s is called long", number)
			}
		}
	}
}

func texts() []string {
	all := []string{
		"null", "true", `""`, "[]", "{}", "0", "-0", "1.50e1", "0e-400", "0e-401", "-0e-401", "0e131071", "0.000e3", "0.000e-3", "12e-3", "0.0012e2", "100e-2", "1E+3",
		"1e399", "1e400", "-1e400", "1e131071", "-1e131071", "1e131072", "1e-400", "1e-401", "1e-16383", "-1e-16000", "0e-16383", "1e-16384",
		"1e999999999", "1e-999999999", "1e99999999999999999999999", "0e99999999999999999999999", "1e-99999999999999999999999",
		strings.Repeat("9", 400), strings.Repeat("9", 401), "0." + strings.Repeat("9", 400), "0." + strings.Repeat("9", 401), "0." + strings.Repeat("0", 401) + "e10",
		`"1e131071"`, `{"1e131071": 1}`, `"\"1e131071"`, `"\\"`, `{"a\\": 1e131071}`, `["\\\"", -1e500, "\\"]`, `{"a":[1,2,{"b":"c, d: e"}],"f":[[]]}`,
		`"\u0001\u001f\u007f"`, `"\u00e9\/"`, `{"a":1,"a":2}`,
	}
	for _, number := range []string{"1e131071", "0e-16383", "-1e-16000", "1e399"} {
		all = append(all, "["+number+"]", "[1, "+number+" ,2]", `{"a":`+number+`}`, `{"`+number+`":`+number+`,"b":null}`,
			strings.Repeat("[", 50)+number+strings.Repeat("]", 50), strings.Repeat(`{"a":`, 50)+number+strings.Repeat("}", 50),
			strings.Repeat(`[{"a":`, 20)+number+strings.Repeat("}]", 20), "["+strings.TrimSuffix(strings.Repeat(number+",", 100), ",")+"]")
	}
	return all
}

func randomTexts(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]string, n)
	for i := range all {
		all[i] = randomText(r, 4)
	}
	return all
}

func randomText(r *rand.Rand, depth int) string {
	kind := r.IntN(7)
	if depth == 0 {
		kind = r.IntN(5)
	}
	var parts []string
	switch kind {
	case 0:
		return `"` + []string{"", "a", "é", "\\n", "\\\"", "1e9", ": ,", "\\u0007"}[r.IntN(8)] + `"`
	case 1:
		return []string{"null", "true", "false"}[r.IntN(3)]
	case 2, 3, 4:
		return randomNumber(r)
	case 5:
		for range r.IntN(5) {
			parts = append(parts, randomText(r, depth-1))
		}
		return "[" + strings.Join(parts, []string{",", ", ", " ,\n"}[r.IntN(3)]) + "]"
	}
	for i := range r.IntN(5) {
		parts = append(parts, fmt.Sprintf(`"%d":%s`, i, randomText(r, depth-1)))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func randomNumber(r *rand.Rand) string {
	number := []string{"", "-"}[r.IntN(2)] + []string{"0", "7", "10", "123456789"}[r.IntN(4)] + []string{"", ".0", ".5", ".00012", ".120"}[r.IntN(5)]
	if r.IntN(2) == 0 {
		return number
	}
	return number + []string{"e", "E"}[r.IntN(2)] + []string{"", "+", "-"}[r.IntN(3)] + fmt.Sprint(r.IntN([]int{4, 30, 398, 420, 3000}[r.IntN(5)]))
}
