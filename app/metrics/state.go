package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"paddock/app/broker"
	"paddock/app/mirror"
	"paddock/app/push"
	"paddock/app/tenant"
)

// Sources are asked for their state each time the metrics are read.
type Sources struct {
	Pools               map[string]func() tenant.PoolState // by the pool's name
	Rings               func() tenant.Rings
	Streams             func() mirror.State
	Push                func() push.State
	Broker              func() broker.State
	ClockSkews          func() map[broker.Environment]time.Duration
	ReportSessionsEnded func() int64
	Replica             func() *tenant.ReplicaState // nil where there is no standby
	NewestMasterKey     int                         // the highest version that this instance has
}

// described is a metric that is read when it is asked for.
type described struct {
	Declared
	desc *prometheus.Desc
	kind prometheus.ValueType
}

// stateMetrics are all of them.
var stateMetrics []described

func stateMetric(kind prometheus.ValueType, name, help string, labels ...string) described {
	d := described{Declared{Name: name, Labels: labels}, prometheus.NewDesc(name, help, labels, nil), kind}
	stateMetrics = append(stateMetrics, d)
	return d
}

const (
	isCounter = prometheus.CounterValue
	isGauge   = prometheus.GaugeValue
)

var (
	connections    = stateMetric(isGauge, "paddock_database_connections", "Connections of a pool to Postgres.", "pool", "state")
	mostConns      = stateMetric(isGauge, "paddock_database_connections_max", "The most connections that a pool may have.", "pool")
	connWaits      = stateMetric(isCounter, "paddock_database_waits_total", "How often somebody waited for a connection of a pool.", "pool")
	connWaited     = stateMetric(isCounter, "paddock_database_wait_seconds_total", "How long they waited, together.", "pool")
	connGivenUp    = stateMetric(isCounter, "paddock_database_waits_given_up_total", "How often somebody did not wait any longer.", "pool")
	rings          = stateMetric(isCounter, "paddock_rings_total", "Rings of the doorbell: sent, not sent because the database could not be reached (failed) or because its queue is filling up (withheld), and heard.", "what")
	streamsHeld    = stateMetric(isGauge, "paddock_streams_held", "Accounts that this instance looks after.")
	streamsWanted  = stateMetric(isGauge, "paddock_streams_wanted", "Streams that this instance means to have: of the accounts that it looks after, but for those that have none by choice and those beyond its maximum.")
	withoutStream  = stateMetric(isGauge, "paddock_accounts_without_stream", "Accounts that this instance reconciles without a stream because it may have no more.")
	streamsUp      = stateMetric(isGauge, "paddock_streams_connected", "Streams of trade updates that are connected.", "transport")
	followers      = stateMetric(isGauge, "paddock_followers", "Connections of clients that follow events: WebSockets (ws) and Server-Sent Events (sse).", "transport")
	events         = stateMetric(isCounter, "paddock_events_delivered_total", "Events that were handed to clients' connections, counted for each.")
	slowFollowers  = stateMetric(isCounter, "paddock_slow_followers_total", "Connections that were ended because their client did not read.")
	rateLimitLeft  = stateMetric(isGauge, "paddock_broker_rate_limit_left_ratio", "What is left of the broker's rate limit of the account that has the least left, from 0 to 1; 1 where none was used in the last minute.")
	breakersOpen   = stateMetric(isGauge, "paddock_broker_breakers_open", "Circuit breakers that are open: of one account (own), and of all accounts together (shared).", "scope")
	breakersOpened = stateMetric(isCounter, "paddock_broker_breakers_opened_total", "How often a circuit breaker opened.")
	clockSkew      = stateMetric(isGauge, "paddock_clock_skew_seconds", "How far the broker's clock is ahead of this machine's.", "environment")
	reportsEnded   = stateMetric(isCounter, "paddock_report_sessions_ended_total", "Sessions of reporting logins that this instance has ended.")
	replicaUsable  = stateMetric(isGauge, "paddock_replica_usable", "1 where reads go to the standby that this instance was given, and 0 where all go to the primary.")
	replicaLag     = stateMetric(isGauge, "paddock_replica_lag_seconds", "How long ago the standby was last seen to have all that the primary had; up to a second where nothing is read.")
	replicaReads   = stateMetric(isCounter, "paddock_replica_reads_total", "Reads that the standby may serve: those that it did (read), and those that the primary served, by why.", "result")
	newestKey      = stateMetric(isGauge, "paddock_master_key_newest_version", "The highest version of the master key that this instance has.")
)

// Watch makes the state of these sources part of the metrics.
func (m *Metrics) Watch(s Sources) { m.registry.MustRegister(stateCollector{s}) }

// stateCollector asks the sources.
type stateCollector struct{ Sources }

// Describe names no metric: not all of them are always there.
func (stateCollector) Describe(chan<- *prometheus.Desc) {}

func (c stateCollector) replica() *tenant.ReplicaState {
	if c.Replica == nil {
		return nil
	}
	return c.Replica()
}

// Collect asks each source.
func (c stateCollector) Collect(out chan<- prometheus.Metric) {
	put := func(d described, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d.desc, d.kind, value, labels...)
	}
	for name, state := range c.Pools {
		s := state()
		put(connections, float64(s.Acquired), name, "acquired")
		put(connections, float64(s.Idle), name, "idle")
		put(mostConns, float64(s.Most), name)
		put(connWaits, float64(s.Waits), name)
		put(connWaited, s.Waited.Seconds(), name)
		put(connGivenUp, float64(s.GivenUp), name)
	}
	p, r := c.Push(), c.Rings()
	put(rings, float64(r.Rung), "sent")
	put(rings, float64(r.Failed), "failed")
	put(rings, float64(r.Withheld), "withheld")
	put(rings, float64(p.Rings), "heard")
	put(followers, float64(p.Sockets), "ws")
	put(followers, float64(p.EventStreams), "sse")
	put(events, float64(p.Events))
	put(slowFollowers, float64(p.Slow))

	s := c.Streams()
	put(streamsHeld, float64(s.Held))
	put(streamsWanted, float64(s.Wanted))
	put(withoutStream, float64(s.Without))
	for transport, connected := range s.Connected {
		put(streamsUp, float64(connected), transport)
	}

	b := c.Broker()
	put(rateLimitLeft, b.LeastLeft)
	put(breakersOpen, float64(b.OwnOpen), "own")
	put(breakersOpen, float64(b.SharedOpen), "shared")
	put(breakersOpened, float64(b.Opened))
	for env, skew := range c.ClockSkews() {
		put(clockSkew, skew.Seconds(), string(env))
	}
	put(reportsEnded, float64(c.ReportSessionsEnded()))
	if state := c.replica(); state != nil {
		usable := 0.0
		if state.Usable {
			usable = 1
		}
		put(replicaUsable, usable)
		if state.Lag != nil {
			put(replicaLag, state.Lag.Seconds())
		}
		for result, n := range state.Reads {
			put(replicaReads, float64(n), result)
		}
	}
	put(newestKey, float64(c.NewestMasterKey))
}
