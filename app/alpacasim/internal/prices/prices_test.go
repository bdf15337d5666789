package prices

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/options"
)

var noon = time.Date(2026, 6, 1, 16, 0, 0, 0, time.UTC)

// The prices of a seed are the same in every version, because tests elsewhere
// depend on them.
func TestASeedKeepsItsPrices(t *testing.T) {
	share, coin := NewTape("AAPL", false, 7, 19_000), NewTape("BTC/USD", true, 7, 6_500_000)
	c, _ := options.Parse("AAPL270115C00200000")
	walk := NewWalk("AAPL", 7, share, noon)
	for range 1000 {
		walk.Move(share.At(noon))
	}
	got := []string{
		fmt.Sprint(share.At(noon), coin.At(noon), share.ForContract(c).At(noon)),
		fmt.Sprint(share.BaseFor(20_000, noon), *walk, walk.Bid(), walk.Mid(), walk.Ask()),
	}
	for _, tape := range []Tape{share, coin, share.ForContract(c)} {
		first := tape.minute(noon)[0]
		got = append(got, fmt.Sprint(first.At.Format(time.RFC3339Nano), " ", first.ID, first.Cents, first.Size, first.Buy))
	}
	want := []string{
		"19318 6529055 1740",
		"19669 {19381 19000 1000 9876512230236253388} 193.8 193.81 193.82",
		"2026-06-01T16:00:03.33624Z 296721600 19318 77 true",
		"2026-06-01T16:00:03.583143Z 296721600 6528990 804083 true",
		"2026-06-01T16:00:10.848382Z 296721600 1740 261 true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Trades and bars with the newest first are those with the oldest first in
// reverse.
func TestBackwardsIsTheSame(t *testing.T) {
	share := Series{Tape: NewTape("AAPL", false, 7, 19_000), Hours: calendar.ExtendedHours, Now: noon}
	span := Span{From: noon.AddDate(0, 0, -4), To: noon}
	back := Span{From: span.From, To: span.To, Desc: true}
	trades, turned := slices.Collect(share.Trades(span)), slices.Collect(share.Trades(back))
	slices.Reverse(turned)
	same := func(a, b Trade) bool { // two times are equal if they are the same instant, in whatever zone
		equal := a.At.Equal(b.At)
		a.At, b.At = noon, noon
		return equal && a == b
	}
	if len(trades) < 1000 || !slices.EqualFunc(trades, turned, same) {
		t.Errorf("%d trades with the newest first are not the reverse of those with the oldest first", len(trades))
	}
	for _, text := range []string{"7Min", "4Hour", "1Day"} {
		f, err := ParseTimeframe(text)
		if err != nil {
			t.Fatal(err)
		}
		bars, turned := slices.Collect(share.Bars(f, span)), slices.Collect(share.Bars(f, back))
		slices.Reverse(turned)
		if len(bars) == 0 || !slices.Equal(bars, turned) {
			t.Errorf("%d bars of %s with the newest first are not the reverse of those with the oldest first", len(bars), text)
		}
	}
}

// ParseTimeframe accepts only the lengths of bars that Alpaca has.
func TestTimeframes(t *testing.T) {
	for text, want := range map[string]bool{
		"1Min": true, "59T": true, "60Min": false, "23H": true, "24Hour": false, "1D": true, "2Day": false, "1W": true, "2W": false,
		"1M": true, "5Month": false, "6Month": true, "12M": true, "0Min": false, "Min": false, "1min": false, "": false,
	} {
		if _, err := ParseTimeframe(text); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
