package doctor

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// checkBackup looks at the time of the newest file that the operator names. It
// says when a backup was written, not that it can be restored. Without such a
// file Postgres can tell no more than whether its log of changes is archived,
// which is half of a backup.
func checkBackup(ctx context.Context, e *examination) (found []Finding) {
	archive := checkArchive(ctx, e)
	pattern := e.Config.BackupFile
	if pattern == "" {
		return append(archive, unchecked("set PADDOCK_BACKUP_FILE to the path of the backup, or to a pattern such as /backups/paddock-*.dump",
			"when the last backup was made is not known")...)
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return append(archive, failure("give a path or a pattern such as /backups/paddock-*.dump", "PADDOCK_BACKUP_FILE is no pattern of files"))
	}
	var newest os.FileInfo
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			continue // it was removed meanwhile, or may not be looked at
		}
		if newest == nil || info.ModTime().After(newest.ModTime()) {
			newest = info
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
	return append(archive, fine("the newest backup, %s, is %s old", newest.Name(), age))
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
