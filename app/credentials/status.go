package credentials

import (
	"context"
	"fmt"
	"slices"
	"time"

	"paddock/app/tenant"
)

// Status is what there is of master keys: in the database, in this process's
// keyring and in the running instances.
type Status struct {
	Storing   *int                 `json:"storing"`   // the version under which credentials are stored; null before the first use of any
	Complete  bool                 `json:"complete"`  // all credentials are under it, and the key is here
	Versions  []VersionStatus      `json:"versions"`  // the oldest first
	Instances []tenant.LiveKeyring `json:"instances"` // which versions the running instances have
}

// VersionStatus is what there is of one version.
type VersionStatus struct {
	Version     int        `json:"version"`
	Credentials int64      `json:"credentials"` // how many are encrypted under it
	State       string     `json:"state"`       // stores, needed, unused, retired, or new: not used with this database yet
	Here        string     `json:"here"`        // yes, no, or another: this keyring has another key of this version
	RetiredAt   *time.Time `json:"retired_at"`
	CanRetire   bool       `json:"can_retire"`
	Lacking     int64      `json:"instances_lacking"` // how many running instances do not have it
}

// Status returns what there is of master keys. It changes nothing.
func (k *Keyring) Status(ctx context.Context, w *tenant.Worker) (Status, error) {
	versions, checks := k.checks()
	known, err := w.MasterKeyVersions(ctx, versions, checks)
	if err != nil {
		return Status{}, fmt.Errorf("look for the versions of the master key: %w", err)
	}
	s := Status{Complete: true, Instances: []tenant.LiveKeyring{}}
	running, err := w.LiveKeyrings(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("look for the running instances: %w", err)
	}
	s.Instances = append(s.Instances, running...)
	for _, v := range known {
		one := VersionStatus{Version: v.Version, Credentials: v.Accounts, Here: "no", RetiredAt: v.RetiredAt}
		switch {
		case v.Stores:
			one.State, s.Storing = "stores", &v.Version
		case v.Accounts > 0:
			one.State, s.Complete = "needed", false
		case v.RetiredAt != nil:
			one.State = "retired"
		default:
			one.State, one.CanRetire = "unused", true
		}
		switch {
		case v.Matches != nil && !*v.Matches:
			one.Here = "another"
		case k.has(v.Version):
			one.Here = "yes"
		}
		s.Complete = s.Complete && (one.Here == "yes" || one.Here == "no" && (one.State == "unused" || one.State == "retired"))
		s.Versions = append(s.Versions, one)
	}
	for _, version := range k.versions {
		if !slices.ContainsFunc(known, func(v tenant.MasterKeyVersion) bool { return v.Version == version }) {
			s.Versions = append(s.Versions, VersionStatus{Version: version, State: "new", Here: "yes"})
		}
	}
	slices.SortFunc(s.Versions, func(a, b VersionStatus) int { return a.Version - b.Version })
	for i := range s.Versions {
		for _, r := range running {
			if !slices.Contains(r.Versions, int32(s.Versions[i].Version)) {
				s.Versions[i].Lacking += r.Instances
			}
		}
	}
	return s, nil
}

// Missing returns one sentence for the operator where this keyring lacks a key
// that the database needs, or has another one in its place, and nil otherwise.
func (s Status) Missing() error {
	for _, v := range s.Versions {
		switch {
		case v.Here == "another":
			return fmt.Errorf("the key of version %d here is not the one that this database is used with: give that one", v.Version)
		case v.Here == "no" && (v.State == "stores" || v.State == "needed"):
			return fmt.Errorf("the master keys here lack version %d, which this database needs: add it", v.Version)
		}
	}
	return nil
}

// Next returns what the operator may do next, in a sentence, and "" where there
// is nothing to do.
func (s Status) Next() string {
	var newest VersionStatus
	for _, v := range s.Versions {
		if v.Here == "yes" && v.State != "retired" {
			newest = v
		}
	}
	switch {
	case s.Storing == nil:
		return "No master key was used with this database yet: start paddock serve."
	case newest.Version > *s.Storing && newest.Lacking > 0:
		return fmt.Sprintf("Give version %d to the %d running instance(s) that lack it and restart them, then run paddock keys rotate.", newest.Version, newest.Lacking)
	case newest.Version > *s.Storing || !s.Complete:
		return "Run paddock keys rotate."
	}
	for _, v := range s.Versions {
		if v.CanRetire && v.Version < *s.Storing {
			return fmt.Sprintf("Nothing needs version %d any more: run paddock keys retire %d.", v.Version, v.Version)
		}
	}
	return ""
}
