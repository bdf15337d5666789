package isolation

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Weakenings of the seal. Each takes away one of its checks.
var (
	sealUnchecked = edit("private.check_seal(boolean)", "|| door = seal", "|| door <> ''")
	sealNoTime    = edit("private.seal_mac(bytea,bytea,text,text,text,text)", "timestamptz_send(transaction_timestamp())", "'\\x'::bytea")
	sealNoBackend = edit("private.seal_mac(bytea,bytea,text,text,text,text)", "int4send(pg_backend_pid())", "'\\x'::bytea")
	// The time as text, to the second, which depends on the session's time zone.
	sealTimeAsText = edit("private.seal_mac(bytea,bytea,text,text,text,text)", "timestamptz_send(transaction_timestamp())",
		"convert_to(to_char(transaction_timestamp(), 'YYYY-MM-DD HH24:MI:SS'), 'UTF8')")
)

// capture admits the attacker to the victim's account, which is shared with them
// at that time, and returns the SQL that sets the same seal again.
func capture(s *session) string {
	s.l.t.Helper()
	s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
	seal := s.value("select current_setting('app.seal')")
	origin := s.value("select current_setting('app.origin')")
	return "select set_config('app.seal', '" + seal + "', true), set_config('app.origin', '" + origin + "', true), set_config('app.account_id', '$B', true), set_config('app.user_id', '$USER', true)"
}

var sealAttacks = []attack{
	{
		name:   "the account edited inside the seal",
		weakFn: sealUnchecked,
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.ask("select set_config('app.seal', replace(current_setting('app.seal'), '$A', '$B'), true), set_config('app.account_id', '$B', true)")
			s.loot()
			s.end()
		},
	},
	{
		name:   "the user edited inside the seal",
		weakFn: sealUnchecked,
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.ask("select set_config('app.seal', replace(current_setting('app.seal'), '$USER', '$B_USER'), true), set_config('app.user_id', '$B_USER', true)")
			s.loot()
			s.end()
		},
	},
	{
		name:   "scopes added inside the seal",
		weakFn: sealUnchecked,
		scene:  func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
			s.ask("select set_config('app.seal', replace(current_setting('app.seal'), '.R.read', '.R.read,trade,cancel,log,manage'), true)")
			s.ask("update app.user_accounts set name = 'mine' where id = '$B'")
			s.end()
		},
	},
	{
		name: "parts of a seal moved into their neighbours",
		// Parts that are only put one after another could be divided at other
		// places.
		weakFn: edit("private.seal_mac(bytea,bytea,text,text,text,text)", "(ARRAY[(SESSION_USER)::text, door, account, who, origin])::text",
			"(session_user || door || '.' || account || '.' || who)"),
		run: func(l *lab) {
			// The attacker's user id is chosen so that it contains the id of the
			// victim's account.
			l.a.User = "x." + l.b.Account.String() + "." + l.b.User
			must(l.t, l.admin, `insert into auth."user" (id, name, email, "emailVerified", "updatedAt") values ($1, 'x', $1, true, now())`, l.a.User)
			must(l.t, l.admin, `update auth.session set "userId" = $1 where token = $2`, l.a.User, l.a.Token)
			must(l.t, l.admin, "update app.account_grants set user_id = $1 where account_id = $2", l.a.User, l.a.Account)
			s := l.as("paddock_app")
			s.begin()
			s.ask("select set_config('app.seal', current_setting('app.seal') || '.' || '$A' || '.x', true), set_config('app.account_id', '$B', true), set_config('app.user_id', '$B_USER', true)")
			s.loot()
			s.end()
		},
	},
	{
		name:   "a seal replayed in the next transaction after access ended",
		weakFn: sealNoTime,
		scene:  func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			replay := capture(s)
			s.end()
			l.unshare()
			s.mustAsk("begin")
			s.ask(replay)
			s.loot()
			s.end()
			l.share("viewer") // as before, so that it does not look like a change
		},
	},
	{
		name:   "a seal replayed from another connection",
		weakFn: edits(sealNoTime, sealNoBackend),
		scene:  func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			s, other := l.as("paddock_app"), l.as("paddock_app")
			replay := capture(s)
			l.unshare()
			other.mustAsk("begin")
			other.ask(replay)
			other.loot()
			other.end()
			s.end()
			l.share("viewer")
		},
	},
	{
		name:   "a seal replayed after moving the time zone",
		weakFn: sealTimeAsText,
		scene:  func(l *lab) { l.share("viewer") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("set timezone = 'UTC'")
			replay := capture(s)
			at := seconds(s)
			s.end()
			l.unshare()
			// In a later transaction, set a time zone some seconds to the west,
			// where the clock shows the time of the first one.
			deadline := time.Now().Add(10 * time.Second)
			for {
				s.mustAsk("begin")
				if now := seconds(s); now > at {
					for _, style := range []string{"ISO, MDY", "SQL, DMY", "Postgres, MDY", "German"} {
						s.mustAsk(fmt.Sprintf("savepoint zone; set local datestyle = '%s'; set local timezone = %.9f", style, -(float64(now-at)+0.5)/3600))
						s.ask(replay)
						s.loot()
						s.mustAsk("rollback to zone")
					}
					break
				}
				s.end()
				if time.Now().After(deadline) {
					l.t.Fatal("the server's clock stands still")
				}
			}
			s.end()
			l.share("viewer")
		},
	},
	{
		name: "a seal made with the key, were it readable",
		weak: []string{
			"grant select on private.seal_keys to paddock_app",
			"create policy leak on private.seal_keys to paddock_app using (true)",
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; savepoint s")
			key, err := s.ask("select id, inner_pad, outer_pad from private.seal_keys order by id desc limit 1")
			if err != nil {
				s.mustAsk("rollback to s")
				key = []string{"1", "\\x" + strings.Repeat("36", 64), "\\x" + strings.Repeat("5c", 64)} // the pads of an empty key
			}
			s.ask("select set_config('app.seal', '" + makeSeal(s, key) + "', true), set_config('app.origin', '', true), set_config('app.account_id', '$B', true), set_config('app.user_id', '$B_USER', true)")
			s.loot()
			s.end()
		},
	},
	{
		name: "the seal's own functions called directly",
		weak: []string{
			"grant execute on function private.seal_mac(bytea, bytea, text, text, text, text), private.audit(uuid, text, jsonb, text, text, text) to paddock_app",
			"alter function private.audit(uuid, text, jsonb, text, text, text) security definer",
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			for _, call := range []string{
				"select private.check_seal()",
				"select private.seal_mac('\\x', '\\x', 'x', 'x', 'x', 'x')",
				"select private.renew_seal_key()",
				"select private.audit('$B', 'invented.row', '{}')",
				"select private.record_account_change()",
				"select private.grant_report('paddock_report', '$B')",
				"select ext.gen_random_bytes(1)",
				"select ext.pgp_sym_decrypt('\\x', 'x')",
			} {
				s.mustAsk("savepoint s")
				if s.take(call) != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
}

func seconds(s *session) int64 {
	s.l.t.Helper()
	v, err := strconv.ParseInt(s.value("select floor(extract(epoch from transaction_timestamp()))::bigint"), 10, 64)
	if err != nil {
		s.l.t.Fatal(err)
	}
	return v
}

// makeSeal returns the seal that private.admit would make for the victim.
func makeSeal(s *session, key []string) string {
	l := s.l
	pad := func(text string) []byte {
		raw, err := hex.DecodeString(strings.TrimPrefix(text, "\\x"))
		if err != nil {
			l.t.Fatal(err)
		}
		return raw
	}
	about := s.mustAsk("select pg_backend_pid(), encode(timestamptz_send(transaction_timestamp()), 'hex')")
	pid, err := strconv.Atoi(about[0])
	if err != nil {
		l.t.Fatal(err)
	}
	door := key[0] + ".R.read,trade,cancel,log,manage"
	inner := pad(key[1])
	inner = binary.BigEndian.AppendUint32(inner, uint32(pid))
	inner = append(inner, pad(about[1])...)
	inner = append(inner, s.value("select array[session_user::text, '"+door+"', '$B', '$B_USER', '']::text")...)
	digest := sha256.Sum256(inner)
	outer := sha256.Sum256(append(pad(key[2]), digest[:]...))
	return hex.EncodeToString(outer[:]) + door
}
