package doctor

import (
	"context"
	"strings"

	"paddock/app/credentials"
	"paddock/app/tenant"
)

// masterKeys reads the master keys once, since a command may print them.
func (e *examination) masterKeys(ctx context.Context) (*credentials.Keyring, error) {
	if e.keys == nil {
		var err error
		if e.keys, err = e.Config.MasterKeys.Read(ctx); err != nil {
			return nil, err
		}
	}
	return e.keys, nil
}

func checkMasterKeys(ctx context.Context, e *examination) []Finding {
	keys, err := e.masterKeys(ctx)
	if err != nil {
		return unchecked("", "PADDOCK_MASTER_KEYS cannot be read")
	}
	worker := e.readOnlyWorker(ctx)
	if worker == nil {
		return noConnection()
	}
	if err := keys.Verify(ctx, worker); err != nil {
		if !strings.HasPrefix(err.Error(), "PADDOCK_MASTER_KEYS") {
			return refused(err)
		}
		says, do, _ := strings.Cut(err.Error(), ": ")
		if strings.HasPrefix(do, "the key") { // the name of the setting came first
			says, do, _ = strings.Cut(do, ": ")
			says = "in PADDOCK_MASTER_KEYS, " + says
		}
		return []Finding{failure(do, "%s", says)}
	}
	return nil
}

// deploymentState asks once for what several checks need.
func (e *examination) deploymentState(ctx context.Context) (*tenant.DeploymentState, []Finding) {
	if e.state != nil {
		return e.state, nil
	}
	worker := e.readOnlyWorker(ctx)
	if worker == nil {
		return nil, noConnection()
	}
	state, err := worker.DeploymentState(ctx, behindAfter)
	if err != nil {
		return nil, refused(err)
	}
	e.state = &state
	return e.state, nil
}
