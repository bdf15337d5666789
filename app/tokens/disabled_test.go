package tokens_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// A user whom an operator disables has no API token that signs in, neither one of before nor
// one whose making is under way meanwhile. All of them do again when the user is enabled.
func TestTokensOfADisabledUser(t *testing.T) {
	db := pgtest.New(t)
	admin, other, app := db.Conn(t, "admin"), db.Conn(t, "admin"), db.Conn(t, "paddock_app")
	session := kit.UserBy(t, db.Conn(t, "paddock_auth"), "ann")
	var account uuid.UUID
	if err := app.QueryRow(t.Context(), "with x as materialized (select private.admit($1, null)) select private.create_account('one', 'paper') from x", session).Scan(&account); err != nil {
		t.Fatal(err)
	}
	exec := func(conn *pgx.Conn, sql string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	insert := func(token string) {
		if _, err := other.Exec(t.Context(), `with made as (
				insert into private.api_tokens (id, user_id, path, name, digest, hint, scopes, paper_only, created_at, expires_at, user_disabled, account_ids)
				select i, 'ann', array[i], 'x', sha256(convert_to($1, 'UTF8')), 'x', '{read}', true, now(), now() + interval '1 hour', false, array[gen_random_uuid()]
				from gen_random_uuid() i returning id)
			insert into private.token_accounts (account_id, token_id) select $2, id from made`, token, account); err != nil {
			t.Error(err)
		}
	}
	admitted := func(token string, want bool) {
		t.Helper()
		tx, err := app.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }()
		_, err = tx.Exec(t.Context(), "select private.admit($1, $2)", token, account)
		if want != (err == nil) || err != nil && tenant.SQLState(err) != "PD401" {
			t.Errorf("%s: %v, and it should be admitted: %v", token, err, want)
		}
	}
	insert("pdk_before")
	admitted("pdk_before", true)

	exec(admin, "begin")
	exec(admin, "select private.disable_user('ann')")
	made := make(chan struct{})
	go func() { defer close(made); insert("pdk_meanwhile") }()
	select {
	case <-made:
		t.Error("a token was made while its user was being disabled")
	case <-time.After(200 * time.Millisecond):
	}
	exec(admin, "commit")
	<-made
	insert("pdk_after")
	for _, token := range []string{"pdk_before", "pdk_meanwhile", "pdk_after"} {
		admitted(token, false)
	}

	exec(admin, "select private.enable_user('ann')")
	for _, token := range []string{"pdk_before", "pdk_meanwhile", "pdk_after"} {
		admitted(token, true)
	}
	exec(admin, "delete from private.token_accounts where token_id = (select id from private.api_tokens where digest = sha256('pdk_before'))")
	if _, err := app.Exec(t.Context(), "select private.admit('pdk_before', $1)", account); tenant.SQLState(err) != "PD403" {
		t.Errorf("a token that does not reach the account any more: %v", err)
	}
}
