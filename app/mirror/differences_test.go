package mirror

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Values are compared and not their spelling, so an amount that is written in
// another way is no difference.
func TestDifferences(t *testing.T) {
	t.Parallel()
	const before = `{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"a","symbol":"AAPL","status":"new","qty":"1","filled_qty":"0","limit_price":"10.50"}`
	change := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(before) }
	for name, tt := range map[string]struct {
		before, after, want string
		moved               bool // whether the stream must send an update of it
	}{
		"unchanged":         {"", "", "", false},
		"in other words":    {before, change(`"10.50"`, `"10.5"`, `"status"`, `"more":1,"status"`), "", false},
		"filled":            {before, change(`"new"`, `"filled"`, `"filled_qty":"0"`, `"filled_qty":"1","filled_avg_price":"10"`), "status new>filled, filled_qty 0>1, filled_avg_price >10", true},
		"canceled":          {before, change(`"new"`, `"canceled"`), "status new>canceled", true},
		"new and filled":    {"", change(`"new"`, `"filled"`, `"filled_qty":"0"`, `"filled_qty":"1"`), "status >filled", true},
		"accepted":          {change(`"new"`, `"accepted"`), before, "status accepted>new", false},
		"new":               {"", before, "status >new", false},
		"without its limit": {before, change(`"10.50"`, `null`), "limit_price 10.50>", false},
	} {
		var d differences
		if err := d.addOrder(orderChange{[]byte(tt.before), []byte(tt.after)}.orNil(), "at-the-broker"); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range d.Orders.Changed {
			got = append(got, m.Field+" "+orNothing(m.From)+">"+orNothing(m.To))
			if m.ID == nil || m.ClientOrderID != "a" || *m.Symbol != "AAPL" {
				t.Errorf("%s: the difference is %+v", name, m)
			}
		}
		if strings.Join(got, ", ") != tt.want || d.Orders.Differed != min(len(got), 1) || len(d.moved) > 0 != tt.moved {
			t.Errorf("%s: %v of %d orders, want %s", name, got, d.Orders.Differed, tt.want)
		}
	}
}

func (c orderChange) orNil() orderChange {
	if len(c.before) == 0 {
		c.before = nil
	}
	if len(c.after) == 0 {
		c.after = nil
	}
	return c
}

func orNothing(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// The list of differences has a maximum length, and the count has none.
func TestDifferencesAreBounded(t *testing.T) {
	t.Parallel()
	var d differences
	after := map[string]holding{}
	one := "1"
	for i := range maxDifferences + 50 {
		order := fmt.Sprintf(`{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"%d","symbol":"AAPL","status":"new"}`, i)
		if err := d.addOrder(orderChange{after: []byte(order)}, "at-the-broker"); err != nil {
			t.Fatal(err)
		}
		after[fmt.Sprint(i)] = holding{Qty: &one}
	}
	d.addPositions(nil, after)
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []difference{d.Orders, d.Positions} {
		if part.Differed != maxDifferences+50 || len(part.Changed) != maxDifferences {
			t.Errorf("%d differed and %d are listed", part.Differed, len(part.Changed))
		}
	}
	if len(text) > 64<<10 {
		t.Errorf("the JSON has %d bytes", len(text))
	}
	if text, err := json.Marshal(differences{}); err != nil || strings.Contains(string(text), "null") {
		t.Errorf("without differences the JSON is %s (%v)", text, err)
	}
}
