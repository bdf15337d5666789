package isolation

import (
	"fmt"
	"strings"
)

// What an attacker with the password of paddock_worker makes up, who has no master key.
var (
	madeUpCheck = "'\\x" + strings.Repeat("ef", 32) + "'::bytea"
	madeUpKey   = strings.Repeat("ef", 32)
)

// noKeyShown weakens the doors of versions: they take a version from who shows no key.
var noKeyShown = edits(
	edit("private.check_master_key(integer,bytea,uuid,text,boolean,bytea[])", "(m.check_value = any (p_checks)) is not true", "false"),
	edit("private.set_storing_key_version(integer,bytea,bytea[])", "(m.check_value = any (p_checks)) is not true", "false"),
)

// versions returns what the database has of versions of the master key. Labs that use
// one database have the same.
func (l *lab) versions() string {
	l.t.Helper()
	return one[string](l.t, l.admin, "select string_agg(m::text, ' ' order by m.key_version) from private.master_keys m")
}

// keyAttacks are made with the worker's login, which a rotation has too, and without
// any master key.
var keyAttacks = []attack{
	{
		name:   "a version of which nobody has the key made the one that stores",
		weakFn: noKeyShown,
		spoils: true,
		run: func(l *lab) {
			was := l.versions()
			s := l.as("paddock_worker")
			for _, shown := range []string{"null", "'{}'", "array[null]::bytea[]", "array[" + madeUpCheck + "]", "array['\\x']::bytea[]"} {
				for _, version := range []string{"77", "1", "null", "-1", "2147483647"} {
					s.ask(fmt.Sprintf("select private.set_storing_key_version(%s, %s, %s)", version, madeUpCheck, shown))
				}
			}
			if l.versions() != was {
				l.haul.learn("how to have keys stored under a version of which nobody has the key")
			}
		},
	},
	{
		name:   "numbers of versions used up by somebody who has no key",
		weakFn: noKeyShown,
		spoils: true,
		run: func(l *lab) {
			was := l.versions()
			s := l.as("paddock_worker")
			for _, shown := range []string{"null", "'{}'", "array[null, " + madeUpCheck + "]"} {
				s.ask(fmt.Sprintf("select private.check_master_key(v, %s, '$B', '%s', true, %s) from generate_series(70, 79) v", madeUpCheck, madeUpKey, shown))
			}
			s.ask(fmt.Sprintf("select private.check_master_key(78, %s)", madeUpCheck))
			if l.versions() != was {
				l.haul.learn("how to use up the numbers of versions")
			}
		},
	},
	{
		name:   "a version retired by somebody who has no key",
		weakFn: edit("private.retire_master_key(integer,bytea)", "m.stores and m.check_value = p_check", "m.stores"),
		spoils: true,
		scene: func(l *lab) {
			must(l.t, l.admin, "insert into private.master_keys (key_version, check_value) values (60, sha256('x')) on conflict do nothing")
		},
		run: func(l *lab) {
			was := l.versions()
			s := l.as("paddock_worker")
			for _, check := range []string{madeUpCheck, "null", "'\\x'", "(select check_value from private.master_keys)"} {
				s.ask("select private.retire_master_key(60, " + check + ")")
			}
			if l.versions() != was {
				l.haul.learn("how to retire a version")
			}
		},
	},
	{
		name:   "credentials opened by a rotation that has no key",
		weakFn: edit("private.open_credentials_to_rotate(uuid[],integer[],text[])", "encrypted := null;", "encrypted := convert_to('plaintext-' || (select a.name from app.user_accounts a where a.id = c.account_id), 'UTF8');"),
		run: func(l *lab) {
			s := l.as("paddock_worker")
			for _, key := range []string{madeUpKey, "", strings.Repeat("00", 32)} {
				values, err := s.ask("select convert_from(encrypted, 'UTF8') from private.open_credentials_to_rotate(array['$B']::uuid[], '{1}', array['" + key + "'])")
				if err != nil {
					l.haul.read = append(l.haul.read, err.Error())
				}
				l.haul.read = append(l.haul.read, values...)
			}
			s.take("select private.open_credentials_to_rotate(array['$B']::uuid[], '{1}', null)")
		},
	},
	{
		name:   "credentials replaced by a rotation that cannot open them",
		weakFn: edit("private.rotate_credentials(uuid[],integer[],text[],bytea[],integer,bytea,text[],bytea[])", "(ext.pgp_sym_decrypt_bytea(c.ciphertext, w.key) = w.was) is not true", "false"),
		run: func(l *lab) {
			s := l.as("paddock_worker")
			// Even who knows the check value, such as from an old copy.
			for _, check := range []string{"'\\x" + strings.Repeat("cd", 32) + "'", madeUpCheck} {
				for _, was := range []string{"null", "'\\x'", "convert_to('plaintext-$B_NAME', 'UTF8')"} {
					for _, key := range []string{"'" + madeUpKey + "'", "null"} {
						s.ask(fmt.Sprintf("select private.rotate_credentials(array['$B']::uuid[], '{1}', array[%s]::text[], array[%s]::bytea[], 1, %s, array['%s'], array['\\x00']::bytea[])", key, was, check, madeUpKey))
					}
				}
			}
		},
	},
	{
		name:   "an instance announced that lacks the key that stores",
		weakFn: edit("private.announce_keyring(uuid,integer[],interval)", "m.stores and m.key_version <> all (p_versions)", "false"),
		run: func(l *lab) {
			s := l.as("paddock_worker")
			for _, versions := range []string{"'{}'", "'{99}'", "array[99, 98]"} {
				s.ask("select private.announce_keyring(gen_random_uuid(), " + versions + "::integer[], '1 minute')")
			}
			if one[bool](l.t, l.admin, "select exists (select from private.instance_keyrings i where 1 <> all (i.versions))") {
				l.haul.learn("how to keep a rotation to the version that stores waiting")
			}
			must(l.t, l.admin, "delete from private.instance_keyrings")
		},
	},
	{
		name:   "an instance that there is not, announced for a hundred years",
		weakFn: edit("private.announce_keyring(uuid,integer[],interval)", "least(p_live, interval '5 minutes')", "p_live"),
		run: func(l *lab) {
			s := l.as("paddock_worker")
			for _, live := range []string{"100 years", "6 minutes"} {
				s.ask("select private.announce_keyring(gen_random_uuid(), '{1}', '" + live + "')")
			}
			if one[bool](l.t, l.admin, "select exists (select from private.instance_keyrings i where i.live_until > clock_timestamp() + interval '5 minutes 1 second')") {
				l.haul.learn("how to keep every rotation waiting")
			}
			must(l.t, l.admin, "delete from private.instance_keyrings")
		},
	},
	{
		name: "versions of the master key decided by the web process",
		weak: []string{"grant execute on function private.announce_keyring to paddock_app"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, write := range []string{
				"select private.announce_keyring('$NOBODY', '{1}', '1 minute')",
				"select private.set_storing_key_version(77, " + madeUpCheck + ", '{}')",
				"select private.check_master_key(77, " + madeUpCheck + ")",
				"select private.retire_master_key(1, " + madeUpCheck + ")",
				"select * from private.credentials_to_rotate(0, '$NOBODY', 100)",
				"select private.live_keyrings()",
			} {
				if _, err := s.ask(write); err == nil {
					l.haul.learn("what %.60s answers", write)
				}
			}
			must(l.t, l.admin, "delete from private.instance_keyrings")
		},
	},
}
