package simclient_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"paddock/app/alpacasim"
	"paddock/app/alpacasim/simclient"
)

// A refusal is an *Error with the simulator's message. This includes a
// simulator that does not serve the control endpoints.
func TestRefusals(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	for what, err := range map[string]error{
		"no such symbol":    l.SetPrice(ctx, "NOPE", dec("1")),
		"no such execution": l.Bust(ctx, "none"),
		"no such fault":     l.Inject(ctx, alpacasim.Injection{Fault: "rain", N: 1}),
		"a coin's split":    l.Split(ctx, "BTC/USD", dec("2"), alpacasim.SplitShape{}),
	} {
		var refused *simclient.Error
		if !errors.As(err, &refused) || refused.Status != 400 || refused.Code != 40010001 || refused.Message == "" || !strings.Contains(err.Error(), refused.Message) {
			t.Errorf("%s: %v", what, err)
		}
	}
	without, err := alpacasim.New(alpacasim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(without.Handler())
	defer server.Close()
	var refused *simclient.Error
	if err := simclient.New(server.URL, nil).Step(ctx, 1); !errors.As(err, &refused) || refused.Status != 404 {
		t.Errorf("without control: %v", err)
	}
	if _, err := simclient.New("http://127.0.0.1:1", nil).Orders(ctx, ""); err == nil || errors.As(err, &refused) && refused.Status == 0 {
		t.Errorf("where nothing listens: %v", err)
	}
}

// An argument that the endpoints cannot express exactly is an error, and no
// request is made.
func TestUnits(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	for what, err := range map[string]error{
		"a fault":  l.Inject(ctx, alpacasim.Injection{Fault: alpacasim.Delay, N: 1, Delay: time.Microsecond}),
		"a reaper": l.ReapStreams(ctx, 1500*time.Millisecond),
		"a split":  l.Split(ctx, "AAPL", dec("2"), alpacasim.SplitShape{Two: true, Apart: time.Millisecond}),
	} {
		if err == nil || !strings.Contains(err.Error(), "whole number") {
			t.Errorf("%s: %v", what, err)
		}
	}
	l.want("asked", len(l.asked), 0)
}
