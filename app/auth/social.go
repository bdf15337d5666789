package auth

import "paddock/app/problem"

// signInSocial and linkSocial answer as a Better Auth server without providers does: here
// everybody signs in with a password.
func (s *Service) signInSocial(c *call) (any, error) {
	if err := checkProvider(c.body); err != nil {
		return nil, err
	}
	return nil, refuse(problem.AuthProviderNotFound, "Provider not found")
}

func (s *Service) linkSocial(c *call) (any, error) {
	if err := checkProvider(c.body); err != nil {
		return nil, err
	}
	if _, _, err := s.requireSession(c); err != nil {
		return nil, err
	}
	return nil, refuse(problem.AuthProviderNotFound, "Provider not found")
}

func checkProvider(b body) error {
	f, err := b.object("object")
	if err != nil {
		return err
	}
	if _, isText := f["provider"].(string); !isText {
		return invalid([]string{"[body.provider] Invalid input"})
	}
	return nil
}
