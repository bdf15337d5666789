package metrics

import (
	"context"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"paddock/app/destinations"
	"paddock/app/tenant"
)

const (
	// lookEvery is how often the database is asked about the deployment.
	lookEvery = 15 * time.Second
	// behindAfter is how long an account may not have agreed with the broker.
	behindAfter = 10 * time.Minute
)

var (
	instances           = stateMetric(isGauge, "paddock_instances", "Instances of the deployment that live.")
	accounts            = stateMetric(isGauge, "paddock_accounts", "Accounts of the deployment that have working keys.")
	accountsUnheld      = stateMetric(isGauge, "paddock_accounts_unheld", "Of these, those that no instance looks after.")
	accountsBehind      = stateMetric(isGauge, "paddock_accounts_behind", "Of these, those that have not agreed with the broker for ten minutes.")
	oldestAgreement     = stateMetric(isGauge, "paddock_oldest_agreement_age_seconds", "How long ago the account agreed with the broker for which that is longest ago.")
	sealKeyAge          = stateMetric(isGauge, "paddock_seal_key_age_seconds", "How old the key of admission's seal is.")
	storingKey          = stateMetric(isGauge, "paddock_master_key_storing_version", "The version of the master key under which credentials are stored.")
	keyAccounts         = stateMetric(isGauge, "paddock_master_key_accounts", "Accounts whose credentials are encrypted under a version of the master key.", "version")
	jobsUnended         = stateMetric(isGauge, "paddock_jobs", "Jobs of the deployment that wait or are carried out.", "kind", "state")
	jobsIdle            = stateMetric(isGauge, "paddock_jobs_idle_seconds", "For how long jobs have waited longest that are due and that nobody works on.", "kind")
	destinationsByState = stateMetric(isGauge, "paddock_destinations", "Webhooks and notices of the deployment: those that take events (working), those that did not take the next one (failing), and those that were switched off for it within the last day (given_up).", "type", "state")
	lookedAt            = stateMetric(isGauge, "paddock_deployment_looked_at_timestamp_seconds", "When the database last told of the deployment: what it tells is as of then.")
)

// Deployment is what the database tells of all instances together. Every
// instance tells the same.
type Deployment struct {
	worker *tenant.Worker
	log    *slog.Logger
	last   atomic.Pointer[look]
}

// look is one answer of the database.
type look struct {
	at           time.Time
	state        tenant.DeploymentState
	keys         []tenant.MasterKeyVersion
	jobs         []tenant.JobCount
	destinations []tenant.DestinationCount
}

// WatchDeployment makes what the database tells of the deployment part of the
// metrics. It is asked while Run runs, and not when the metrics are read: so
// they can be read when it does not answer.
func (m *Metrics) WatchDeployment(w *tenant.Worker, log *slog.Logger) *Deployment {
	d := &Deployment{worker: w, log: log}
	m.registry.MustRegister(d)
	return d
}

// Run asks the database until ctx ends.
func (d *Deployment) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := d.look(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("the metrics of the deployment could not be read; it is tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d *Deployment) look(ctx context.Context) error {
	state, err := d.worker.DeploymentState(ctx, behindAfter)
	if err != nil {
		return err
	}
	keys, err := d.worker.MasterKeyVersions(ctx, nil, nil)
	if err != nil {
		return err
	}
	jobs, err := d.worker.JobCounts(ctx)
	if err != nil {
		return err
	}
	sent, err := d.worker.DestinationCounts(ctx)
	if err != nil {
		return err
	}
	d.last.Store(&look{time.Now(), state, keys, jobs, sent})
	return nil
}

// Describe names no metric: without an answer of the database there is none.
func (*Deployment) Describe(chan<- *prometheus.Desc) {}

// Collect tells what the database has told last.
func (d *Deployment) Collect(out chan<- prometheus.Metric) {
	last := d.last.Load()
	if last == nil {
		return
	}
	put := func(d described, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d.desc, d.kind, value, labels...)
	}
	s := last.state
	put(lookedAt, float64(last.at.Unix()))
	put(instances, float64(s.Instances))
	put(accounts, float64(s.Accounts))
	put(accountsUnheld, float64(s.Accounts-s.Leased))
	put(accountsBehind, float64(s.Behind))
	if s.OldestAgreement != nil {
		put(oldestAgreement, time.Since(*s.OldestAgreement).Seconds())
	}
	if s.SealKeyMade != nil {
		put(sealKeyAge, time.Since(*s.SealKeyMade).Seconds())
	}
	for _, j := range last.jobs {
		put(jobsUnended, float64(j.Waiting), j.Kind, "waiting")
		put(jobsUnended, float64(j.Running), j.Kind, "running")
		put(jobsIdle, j.Waited, j.Kind)
	}
	for _, kind := range destinations.Types() { // also those of which there are none
		var of tenant.DestinationCount
		for _, n := range last.destinations {
			if n.Type == kind {
				of = n
			}
		}
		put(destinationsByState, float64(of.Working), kind, "working")
		put(destinationsByState, float64(of.Failing), kind, "failing")
		put(destinationsByState, float64(of.GivenUp), kind, "given_up")
	}
	for _, k := range last.keys {
		if k.Stores {
			put(storingKey, float64(k.Version))
		}
		if k.RetiredAt == nil {
			put(keyAccounts, float64(k.Accounts), strconv.Itoa(k.Version))
		}
	}
}
