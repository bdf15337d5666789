package doctor

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// checkBackup looks at the time of the newest file that the operator names, and
// at its beginning, which tells whether it is a dump in clear. It says when a
// backup was written, not that it can be restored: paddock restore --check does,
// for who has the key. Without such a file Postgres can tell no more than whether
// its log of changes is archived, which is half of a backup.
func checkBackup(ctx context.Context, e *examination) (found []Finding) {
	archive := checkArchive(ctx, e)
	pattern := e.Config.BackupFile
	if pattern == "" {
		return append(archive, unchecked("set PADDOCK_BACKUP_FILE to the path of the backup, or to a pattern such as /backups/paddock-*.age",
			"when the last backup was made is not known")...)
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return append(archive, failure("give a path or a pattern such as /backups/paddock-*.age", "PADDOCK_BACKUP_FILE is no pattern of files"))
	}
	var newest os.FileInfo
	var at string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || strings.HasSuffix(path, ".partial") {
			continue // it was removed meanwhile, may not be looked at, or is being written
		}
		if newest == nil || info.ModTime().After(newest.ModTime()) {
			newest, at = info, path
		}
	}
	const do = "look why it was not made, and see Back up in docs/operations.md"
	if newest == nil {
		return append(archive, failure(do, "there is no backup: no file is named as PADDOCK_BACKUP_FILE says"))
	}
	age := time.Since(newest.ModTime()).Round(time.Second)
	switch {
	case newest.Size() == 0 && !newest.IsDir():
		return append(archive, failure(do, "the newest backup, %s, is empty", newest.Name()))
	case age > e.Config.BackupMaxAge:
		return append(archive, failure(do, "the newest backup, %s, is %s old; PADDOCK_BACKUP_MAX_AGE is %s", newest.Name(), age, e.Config.BackupMaxAge))
	case age < -time.Minute:
		return append(archive, warning("set the clock, and make a backup", "the newest backup, %s, is of the future: %s", newest.Name(), newest.ModTime().UTC().Format(time.RFC3339)))
	}
	if isClearDump(at) {
		return append(archive, warning("make it with paddock backup, and delete the dumps in clear", "the newest backup, %s, is not encrypted: who has it reads names, orders and password hashes", newest.Name()))
	}
	return append(archive, fine("the newest backup, %s, is %s old", newest.Name(), age))
}

// isClearDump reports whether a file begins as what pg_dump writes.
func isClearDump(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false // not this program's to read
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, 64))
	return err == nil && (bytes.HasPrefix(head, []byte("PGDMP")) || bytes.HasPrefix(head, []byte("--\n-- PostgreSQL database")))
}

// checkArchive tells of an archiving of the log of changes that fails.
func checkArchive(ctx context.Context, e *examination) []Finding {
	connected := e.connected()
	if len(connected) == 0 {
		return nil // the file is what counts
	}
	var failing bool
	var last *time.Time
	err := connected[0].conn.QueryRow(ctx, `select current_setting('archive_mode') <> 'off' and coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false),
		last_archived_time from pg_stat_archiver`).Scan(&failing, &last)
	if err != nil {
		return refused(err)
	}
	if !failing {
		return nil
	}
	since := "none was ever archived"
	if last != nil {
		since = "the last one that was archived is of " + last.UTC().Format(time.RFC3339)
	}
	return []Finding{failure("look in Postgres' log for what archive_command says", "archiving of the log of changes fails; %s", since)}
}
