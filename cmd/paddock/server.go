package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"golang.org/x/sync/errgroup"

	"paddock/app/accounts"
	"paddock/app/agents"
	"paddock/app/alerts"
	"paddock/app/approvals"
	"paddock/app/audit"
	"paddock/app/auth"
	"paddock/app/blockorders"
	"paddock/app/broker"
	"paddock/app/config"
	"paddock/app/copying"
	"paddock/app/credentials"
	"paddock/app/destinations"
	"paddock/app/doctor"
	"paddock/app/eventlog"
	"paddock/app/httpapi"
	"paddock/app/jobs"
	"paddock/app/journal"
	"paddock/app/mail"
	"paddock/app/metrics"
	"paddock/app/mirror"
	"paddock/app/origin"
	"paddock/app/passthrough"
	"paddock/app/push"
	"paddock/app/quota"
	"paddock/app/quotes"
	"paddock/app/reporting"
	"paddock/app/sharing"
	"paddock/app/sleeves"
	"paddock/app/tenant"
	"paddock/app/tokens"
	"paddock/app/trading"
	"paddock/app/underway"
	"paddock/app/web"
	"paddock/sql"
)

// newLogger makes the process's log, whose lines say for which request they are.
// Go's own packages log there as well.
func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	log := slog.New(origin.LogHandler(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})))
	logLibraries(log)
	return log
}

// serve runs Paddock until ctx ends, serves on for the time of the lame duck, then
// lets running requests finish and releases the leases. ready, if given, is called
// with the address on which it listens.
func serve(ctx context.Context, c config.Config, log *slog.Logger, ready func(net.Addr)) error {
	if c.SMTPURL == "" {
		return serveMailing(ctx, c, log, nil, ready)
	}
	sender, err := mail.New(c.SMTPURL, c.MailFrom)
	if err != nil {
		return err
	}
	return serveMailing(ctx, c, log, func(ctx context.Context, m auth.Mail) error { return sender.Send(ctx, m.To, m.Subject, m.Text) }, ready)
}

// logMail writes mails into the log, where there is no server to send them: on a
// developer's machine alone, since a mail opens what it has a link to.
func logMail(log *slog.Logger) func(context.Context, auth.Mail) error {
	return func(_ context.Context, m auth.Mail) error {
		log.Info("a mail that would be sent with PADDOCK_SMTP_URL", "to", m.To, "subject", m.Subject, "text", m.Text)
		return nil
	}
}

// plainMail returns send as a function of a mail's parts, nil where it is nil.
func plainMail(send func(context.Context, auth.Mail) error) func(ctx context.Context, to, subject, text string) error {
	if send == nil {
		return nil
	}
	return func(ctx context.Context, to, subject, text string) error {
		return send(ctx, auth.Mail{To: to, Subject: subject, Text: text})
	}
}

// serveMailing is serve with a function that sends mail, nil where none is sent.
func serveMailing(ctx context.Context, c config.Config, log *slog.Logger, sendMail func(context.Context, auth.Mail) error, ready func(net.Addr)) error {
	if err := doctor.Start(ctx, c, log); err != nil {
		return err
	}
	keys, err := c.MasterKeys.Read(ctx)
	if err != nil {
		return err
	}
	told, err := newObservers(ctx, c, log)
	if err != nil {
		return err
	}
	defer told.close(ctx)
	alpaca, err := broker.New(broker.Config{
		PaperURL: c.PaperURL, LiveURL: c.LiveURL, DataURL: c.DataURL, StreamPaperURL: c.StreamPaperURL, StreamLiveURL: c.StreamLiveURL,
		EventsPath: c.EventsPath, SocketPath: c.SocketPath, Logger: log,
		OnCall: told.call,
	})
	if err != nil {
		return err
	}
	defer alpaca.Close()
	pools, err := openPools(ctx, c, told.statements())
	if err != nil {
		return err
	}
	defer pools.close()

	newest, err := sql.Newest()
	if err != nil {
		return err
	}
	bell := tenant.NewDoorbell(pools.bell, log)
	perUser := quota.New(quota.Config{PerSecond: c.UserRequests, AtOnce: c.UserAtOnce, Logs: c.UserLogs})
	db := tenant.NewDB(pools.app, bell)
	worker := tenant.NewWorker(pools.worker, bell)
	uses := tokens.NewUses(worker, log)
	db.OnAdmission = func(token, user string) {
		perUser.SetOwner(token, user)
		uses.Note(token)
	}
	if pools.replica != nil {
		db.Replica = tenant.NewReplica(pools.replica, pools.index, worker, log)
	}
	if err := keys.Verify(ctx, worker); err != nil { // also keeps the check value of a new version
		return err
	}
	announcement, err := keys.Announce(ctx, worker, log)
	if err != nil {
		return err
	}
	defer announcement.End(context.WithoutCancel(ctx))
	if _, err := worker.MaintainSealKey(ctx); err != nil { // a restored database has none
		return fmt.Errorf("make a key of the seal: %w", err)
	}
	signIn, err := auth.New(auth.Config{
		Pool: pools.auth, Secret: c.AuthSecret, BaseURL: c.BaseURL, TrustedOrigins: c.Origins,
		TrustedProxies: c.Proxies, RateLimit: c.AuthLimits, Logger: log, OnSessionEnd: bell.RingAll,
		SignUp: auth.SignUp(c.SignUp), SendMail: sendMail, RequireVerifiedEmail: c.VerifiedEmail, OnSignIn: told.metrics.SignIn,
	})
	if err != nil {
		return err
	}
	defer signIn.WaitForMails()
	sent := underway.New()
	manager := mirror.New(mirror.Config{Worker: worker, Keys: keys, Broker: alpaca, Logger: log, UnderWay: sent, MirrorMaxAge: c.MirrorMaxAge, MaxStreams: c.MaxStreams, Observer: told.metrics.Mirror()})
	connectWorker := func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, c.ListenURL) }
	watchdog := reporting.NewWatchdog(connectWorker, c.ReportTransaction, log)
	events := eventlog.New(db)
	opener := credentials.NewOpener(db, keys, alpaca, log)
	hub := push.New(push.Config{
		Worker: worker, Log: events, Session: tokens.OrSession(signIn.SessionToken), OriginAllowed: signIn.OriginAllowed, Logger: log,
		Connect: connectWorker,
		OnRing:  manager.Wake,
		HasRung: bell.HasRungNear,
		Quotes:  quotes.New(db, opener).Of,
	})
	bell.Near = hub
	accountService, tradingService := accounts.New(db, keys, alpaca), trading.New(db, opener, log)
	accountService.MirrorMaxAge, tradingService.MirrorMaxAge = c.MirrorMaxAge, c.MirrorMaxAge
	runner, err := jobs.New(jobs.Config{
		Worker: worker, Driver: riverpgxv5.New(pools.jobs), Logger: log, Drain: c.DrainTimeout,
		Handlers: map[string]jobs.Handler{jobs.KindOrder: jobs.Orders(tradingService)}, OnJob: told.metrics.Job,
		Destinations: destinations.NewSender(destinations.Config{
			Worker: worker, Keys: keys, Networks: c.WebhookNetworks, Logger: log, OnTry: told.metrics.Destination, SendMail: plainMail(sendMail), BaseURL: c.BaseURL,
		}),
		StreamBehind: c.StreamBehind,
	})
	if err != nil {
		return err
	}
	duck := &httpapi.LameDuck{}
	tradingService.UnderWay = sent
	tradingService.QuoteArrivals = true
	tradingService.OnOrder, tradingService.OnGuard = told.metrics.Order, told.metrics.Guard
	told.metrics.Watch(metrics.Sources{
		Pools: pools.states(), Rings: bell.Rings, Streams: manager.State, Push: hub.State, Broker: alpaca.State,
		ClockSkews: alpaca.ClockSkews, ReportSessionsEnded: watchdog.Ended, NewestMasterKey: keys.Newest(), Replica: db.ReplicaState,
	})
	tokenService := tokens.New(db)
	tokenService.OnRevoke = bell.RingAll
	destinationService := destinations.New(db, keys, c.WebhookNetworks)
	destinationService.Mails = sendMail != nil
	api := httpapi.Config{
		Accounts:            accountService,
		Trading:             tradingService,
		Destinations:        destinationService,
		Tokens:              tokenService,
		Sleeves:             sleeves.New(db, tradingService.BrokerAccount),
		Approvals:           approvals.New(db, tradingService),
		Alerts:              alerts.New(db, tradingService),
		BlockOrders:         blockorders.New(db, tradingService),
		Copying:             copying.New(db),
		Sharing:             sharing.New(sharing.Config{DB: db, BaseURL: c.BaseURL, SendMail: plainMail(sendMail), OnLess: bell.RingAll}),
		Journal:             journal.New(db),
		Relay:               passthrough.New(db, opener),
		Logs:                agents.NewLogs(db),
		Audit:               audit.New(db),
		Sessions:            signIn,
		Quota:               perUser,
		Auth:                signIn.Handler(),
		Events:              events,
		Push:                hub,
		EventStream:         http.HandlerFunc(hub.ServeEvents),
		Console:             web.Handler(),
		Ready:               tenant.NewReadiness(pools.reach, pools.ready, newest).Check,
		LameDuck:            duck,
		ClockSkews:          alpaca.ClockSkews,
		Left:                alpaca.Left,
		ReportSessionsEnded: watchdog.Ended,
		Streams:             manager.Streams,
		Replica:             db.ReplicaState,
		Version:             programVersion(),
		Secure:              strings.HasPrefix(c.BaseURL, "https://"),
		Logger:              log,
	}
	told.observe(&api)

	listening, err := openListeners(c, log)
	if err != nil {
		return err
	}
	listener := listening.main
	server := &http.Server{
		Handler: httpapi.New(api), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: serverLog(log),
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, running := errgroup.WithContext(serving)
	group.Go(func() error {
		defer stop()
		select {
		case <-ctx.Done():
		case <-running.Done(): // something has failed
			return nil
		}
		duck.Leave()
		log.Info("stopping", "in", c.LameDuck)
		select {
		case <-time.After(c.LameDuck):
		case <-running.Done():
		}
		return nil
	})
	group.Go(func() error { return listening.run(running) })
	mayServe := func(ctx context.Context) error { return errors.Join(duck.Ready(), api.Ready(ctx)) }
	if err := told.serveOperator(running, group, c, worker, mayServe, log); err != nil {
		listener.Close()
		return err
	}
	group.Go(func() error { return bell.Run(running) })
	group.Go(func() error { return manager.Run(running) })
	group.Go(func() error { return hub.Run(running) })
	group.Go(func() error { return runner.Run(running) })
	group.Go(func() error { return uses.Run(running) })
	group.Go(func() error { return eventlog.NewMaintainer(worker, log).Run(running) })
	group.Go(func() error { return worker.MaintainSealKeys(running, log) })
	group.Go(func() error { return watchdog.Run(running) })
	if db.Replica != nil {
		group.Go(func() error { return db.Replica.Run(running) })
	}
	group.Go(func() error { return reporting.NewNoter(worker, log).Run(running) })
	group.Go(func() error { return announcement.Run(running) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve http: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-running.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(running), c.DrainTimeout)
		defer cancel()
		if err := server.Shutdown(drain); err != nil {
			log.Warn("some requests did not end in time and were cut off", "err", err)
			return server.Close()
		}
		return nil
	})
	log.Info("serving", "addr", listener.Addr().String(), "url", c.BaseURL)
	if ready != nil {
		ready(listener.Addr())
	}
	err = group.Wait()
	log.Info("stopped")
	return err
}

// explainListen describes in one sentence why a port cannot be used.
func explainListen(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use by another program: stop it, or choose another address (PADDOCK_ADDR, --addr, --sim-addr)", addr)
	}
	return fmt.Errorf("listen on %s: %w", addr, err)
}
