package pgdev

import (
	"os"
	"testing"
)

// A server is started again however late the processes of a killed one say that
// they end: what counts is why the new one stopped.
func TestWhyAServerStoppedIsNotWhatAKilledOneSays(t *testing.T) {
	s := &Server{config: Config{Dir: t.TempDir()}}
	for name, tt := range map[string]struct{ log, want string }{
		"nothing": {"", "it gave no reason"},
		"a killed server's process after it": {
			"FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use\nFATAL:  terminating connection due to unexpected postmaster exit\n",
			"pre-existing shared memory block (key 1, ID 2) is still in use"},
		"another reason": {"FATAL:  terminating connection due to unexpected postmaster exit\nFATAL:  could not map\n", "could not map"},
	} {
		if err := os.WriteFile(s.LogPath(), []byte("an older line\n"+tt.log), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := s.lastFatal(int64(len("an older line\n"))); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
