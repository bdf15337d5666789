package doctor

import (
	"context"
	"strings"

	"paddock/app/auth"
	"paddock/app/broker"
)

func checkEnvironment(context.Context, *examination) []Finding {
	if err := broker.CheckEnvironment(); err != nil {
		says, do, _ := strings.Cut(err.Error(), ". ")
		return []Finding{failure(do, "%s", says)}
	}
	return nil
}

// checkConfiguration checks settings as serve does, without connecting to
// anything.
func checkConfiguration(ctx context.Context, e *examination) (found []Finding) {
	const do = "correct it: paddock serve --help lists all settings"
	told := ""
	if e.Wrong != nil {
		told = e.Wrong.Error()
		for line := range strings.Lines(told) {
			found = append(found, failure(do, "%s", strings.TrimSpace(line)))
		}
	}
	add := func(err error) {
		if err != nil {
			found = append(found, failure(do, "%s", err))
		}
	}
	c := e.Config
	if c.MasterKeys.Check() == nil { // else it was said already
		_, err := e.masterKeys(ctx)
		add(err)
	}
	if c.AuthSecret != "" && !strings.Contains(told, "BETTER_AUTH_URL") {
		_, err := auth.New(auth.Config{Secret: c.AuthSecret, BaseURL: c.BaseURL})
		add(err)
	}
	alpaca, err := newBroker(e)
	if err == nil {
		alpaca.Close()
	}
	add(err)
	return found
}

// newBroker makes a client of Alpaca's by the configuration.
func newBroker(e *examination) (*broker.Broker, error) {
	c := e.Config
	return broker.New(broker.Config{
		PaperURL: c.PaperURL, LiveURL: c.LiveURL, DataURL: c.DataURL, StreamPaperURL: c.StreamPaperURL, StreamLiveURL: c.StreamLiveURL,
		EventsPath: c.EventsPath, SocketPath: c.SocketPath,
	})
}
