// Package status reads an instance's figures from its operator's port, for people
// and for programs.
package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"paddock/app/doctor"
	"paddock/app/metrics"
)

// Status is what an instance says of itself.
type Status struct {
	At        time.Time        `json:"at"`
	Version   string           `json:"version"`
	Commit    string           `json:"commit"`
	UpSeconds float64          `json:"up_seconds"`
	Ready     bool             `json:"ready"`    // it can serve
	Findings  []doctor.Finding `json:"findings"` // what the checks of its start find now, but what is in order
	Figures   []Figure         `json:"figures"`
}

// Source is an instance's operator's port.
type Source struct {
	addr   string
	client *http.Client
	last   metrics.Reading
	lastAt time.Time
}

// Open makes a Source. addr is host:port; without a host it is this machine's, as
// for an address of all interfaces.
func Open(addr string) (*Source, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, errors.New("the address must be host:port, such as 127.0.0.1:9090")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return &Source{addr: net.JoinHostPort(host, port), client: &http.Client{Timeout: 40 * time.Second}}, nil
}

// Wait reads the metrics, and returns after an interval, so that the next Read
// tells how fast counts grow.
func (s *Source) Wait(ctx context.Context, interval time.Duration) error {
	if s.lastAt.IsZero() {
		if _, err := s.readMetrics(ctx); err != nil {
			return err
		}
	}
	select {
	case <-time.After(interval):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Read returns the status now.
func (s *Source) Read(ctx context.Context) (Status, error) {
	before, began := s.last, s.lastAt
	now, err := s.readMetrics(ctx)
	if err != nil {
		return Status{}, err
	}
	status := Status{
		At: s.lastAt.UTC().Truncate(time.Second), Findings: []doctor.Finding{},
		Version: now.Label("paddock_build_info", "version"), Commit: now.Label("paddock_build_info", "commit"),
	}
	if began, there := now.Sum("process_start_time_seconds"); there {
		status.UpSeconds = max(0, float64(s.lastAt.UnixMilli())/1000-began)
	}
	for _, f := range figures {
		status.Figures = append(status.Figures, f.read(now, before, max(s.lastAt.Sub(began).Seconds(), 0.001)))
	}
	status.Ready, err = s.readReady(ctx, &status.Findings)
	return status, err
}

func (s *Source) readMetrics(ctx context.Context) (metrics.Reading, error) {
	response, err := s.get(ctx, "/metrics")
	if err != nil {
		return metrics.Reading{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return metrics.Reading{}, fmt.Errorf("what answers at %s is not Paddock's operator's port", s.addr)
	}
	reading, err := metrics.Read(response.Body)
	if err != nil || reading.Label("paddock_build_info", "version") == "" {
		return metrics.Reading{}, fmt.Errorf("what answers at %s is not Paddock's operator's port", s.addr)
	}
	s.last, s.lastAt = reading, time.Now()
	return reading, nil
}

// readReady reads whether the instance is ready, and appends what its checks find
// that is not in order.
func (s *Source) readReady(ctx context.Context, findings *[]doctor.Finding) (ready bool, err error) {
	response, err := s.get(ctx, "/readyz?verbose")
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	var said struct {
		Ready    bool
		Findings []doctor.Finding
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&said); err != nil {
		return false, fmt.Errorf("what answers at %s does not say whether it is ready", s.addr)
	}
	for _, f := range said.Findings {
		if f.Status != doctor.OK {
			*findings = append(*findings, f)
		}
	}
	return said.Ready, nil
}

func (s *Source) get(ctx context.Context, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+path, nil)
	if err != nil {
		return nil, errors.New("the address must be host:port, such as 127.0.0.1:9090")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("nothing answers at %s: start serve with PADDOCK_OPERATOR_ADDR, or name its address with --addr", s.addr)
	}
	return response, nil
}
