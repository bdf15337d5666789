package alpacasim

import (
	"time"

	"paddock/app/alpacasim/internal/calendar"
)

// now returns the simulator's time: its clock, moved by SetClock.
func (s *Sim) now() time.Time {
	return s.config.Clock().Add(s.state.Offset).UTC().Truncate(time.Microsecond)
}

// SetClock sets the simulator's time to t; it goes on from there. What is
// numbered by time, such as the ids of events, never goes back. What waits for
// some time waits no longer where the clock is set back, because a wrong clock
// does not stop a broker's work.
func (s *Sim) SetClock(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.state.Offset
	s.state.Offset = t.Sub(s.config.Clock())
	if back := s.state.Offset - before; back < 0 {
		for _, a := range s.inOrder {
			a.hasten(back)
			s.touch(a)
		}
	}
	s.saveAll()
}

// hasten moves the times for which something waits, by a clock that was set
// back. What is due on a day, and not after some time, stays.
func (a *account) hasten(by time.Duration) {
	for _, o := range a.openOrders() {
		o.Since = o.Since.Add(by)
	}
	for _, o := range a.Orders {
		if o.Hidden != nil {
			until := o.Hidden.Add(by)
			o.Hidden = &until
		}
	}
	for i := range a.Due {
		if a.Due[i].Activity.Date == "" {
			a.Due[i].At = a.Due[i].At.Add(by)
		}
	}
}

// SetAlwaysOpen makes the market keep New York's hours, or never close.
func (s *Sim) SetAlwaysOpen(open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Hours = !open
	s.saveAll()
}

// marketSession returns the current session: always regular in a market that never
// closes. s.mu is held.
func (s *Sim) marketSession() calendar.Session {
	if !s.state.Hours {
		return calendar.Regular
	}
	return calendar.SessionAt(s.now())
}

// present returns the simulator's time, and whether its market keeps hours.
func (s *Sim) present() (now time.Time, hours bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now(), s.state.Hours
}

// hours returns when something trades that in New York has these hours: at any
// time in a market that never closes.
func (s *Sim) hours(usual calendar.Hours) calendar.Hours {
	if _, keeps := s.present(); !keeps {
		return calendar.AllHours
	}
	return usual
}
