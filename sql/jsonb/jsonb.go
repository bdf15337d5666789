// Package jsonb says how large JSON becomes in Postgres, before Postgres makes
// it that large. Text cannot grow there, but a number can: it is written out
// without its exponent, so that the eight bytes 1e131071 become 131,072.
//
// app.json_size and app.is_amount hold the same bounds in the database.
package jsonb

import (
	"math"
	"strconv"
)

// MaxDigits is how many digits a number may have on either side of its point
// when it is written out. Every float64 has fewer.
const MaxDigits = 400

// IsLong reports whether a number, as JSON has it, has more than MaxDigits
// digits on either side of its point when it is written out.
func IsLong(number string) bool {
	return areLong(digits(number))
}

func areLong(whole, fraction int) bool { return whole > MaxDigits || fraction > MaxDigits }

// Size returns how many bytes Postgres takes at most to write a jsonb that was
// made from text, which must be valid JSON. For a text with a long number it
// returns math.MaxInt.
func Size(text []byte) int {
	size := 0
	between := 0 // where the last number ended
	for from, to := range numbers(text) {
		whole, fraction := digits(string(text[from:to]))
		if areLong(whole, fraction) {
			return math.MaxInt
		}
		size += plainSize(text[between:from]) + len("-.") + whole + fraction
		between = to
	}
	return size + plainSize(text[between:])
}

// plainSize returns how many bytes Postgres takes at most to write a part of a
// JSON text that holds no number: it writes a blank after each colon and comma.
func plainSize(part []byte) int {
	size := len(part)
	for _, c := range part {
		if c == ':' || c == ',' {
			size++
		}
	}
	return size
}

// WithoutLongNumbers returns text, which must be valid JSON, with null in place
// of each long number, and whether there was one.
func WithoutLongNumbers(text []byte) (short []byte, found bool) {
	between := 0
	for from, to := range numbers(text) {
		if IsLong(string(text[from:to])) {
			short = append(append(short, text[between:from]...), "null"...)
			between = to
		}
	}
	if between == 0 {
		return text, false
	}
	return append(short, text[between:]...), true
}

// numbers yields where each number of a valid JSON text begins and ends.
func numbers(text []byte) func(yield func(from, to int) bool) {
	return func(yield func(from, to int) bool) {
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c == '"':
				for i++; i < len(text) && text[i] != '"'; i++ {
					if text[i] == '\\' {
						i++
					}
				}
			case c == '-' || c >= '0' && c <= '9':
				from := i
				for i < len(text) && isOfNumber(text[i]) {
					i++
				}
				if !yield(from, i) {
					return
				}
				i-- // the loop goes on after the number
			}
		}
	}
}

func isOfNumber(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// digits returns how many digits a number has before and after its point when
// it is written out. Postgres keeps the zeros at the end of a fraction.
func digits(number string) (whole, fraction int) {
	var before, after, leading, exponent int
	significant, inFraction := false, false
	for i := 0; i < len(number); i++ {
		switch c := number[i]; {
		case c == '.':
			inFraction = true
		case c == 'e' || c == 'E':
			exponent = exponentOf(number[i+1:])
			i = len(number)
		case c >= '0' && c <= '9':
			if significant = significant || c != '0'; !significant {
				leading++ // zeros in front, which are not written
			}
			if inFraction {
				after++
			} else {
				before++
			}
		}
	}
	switch {
	case exponent == outOfRange:
		return outOfRange, outOfRange
	case significant:
		return max(1, before+exponent-leading), max(0, after-exponent)
	}
	return 1, max(0, after-exponent)
}

// outOfRange stands for an exponent that Postgres refuses, or would if the
// number were not 0.
const outOfRange = 1 << 20

func exponentOf(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n > outOfRange || n < -outOfRange {
		return outOfRange
	}
	return n
}
