package auth

import (
	"context"

	"paddock/app/problem"
)

// changeEmail has a link mailed that changes the user's address: to the new address, or
// where the present one is verified first to that. The answer does not tell whether
// somebody has the new address already.
func (s *Service) changeEmail(c *call) (any, error) {
	f, err := c.body.object("object")
	if err != nil {
		return nil, err
	}
	var complaints []string
	fresh := f.email("newEmail", &complaints)
	callback := f.optional("callbackURL", &complaints)
	if err := invalid(complaints); err != nil {
		return nil, err
	}
	in, u, err := s.requireSession(c)
	if err != nil {
		return nil, err
	}
	if s.config.SendMail == nil {
		return nil, refuse(problem.AuthChangeEmailDisabled, "Change email is disabled")
	}
	if fresh == u.Email {
		return nil, invalidRequest("Email is the same")
	}
	if err := s.countMailRequest(c.Context(), c.Request); err != nil {
		return nil, err
	}
	if err := s.auditEmail(c.Context(), in.ID, "email.change", u.ID); err != nil {
		return nil, err
	}
	kind, to, t, mail := mailsVerification, fresh, emailToken{Email: u.Email, UpdateTo: fresh, RequestType: changeVerification, UserID: u.ID}, s.mailVerification
	if u.EmailVerified {
		kind, to, t.RequestType, mail = mailsConfirmation, u.Email, changeConfirmation, s.mailConfirmation
	}
	send, err := s.mayMail(c.Context(), kind, to)
	if err != nil {
		return nil, err
	}
	if send {
		if err := mail(c.Context(), to, textOf(callback), t); err != nil {
			return nil, err
		}
	}
	return map[string]bool{"status": true}, nil
}

// auditEmail writes into the audit what became of a user's address, and of which session
// it is ("" where nobody need be signed in).
func (s *Service) auditEmail(ctx context.Context, sessionID, action, userID string) error {
	_, err := s.write(ctx, sessionID, nil, "select private.audit_email($1, $2)", action, userID)
	return err
}
