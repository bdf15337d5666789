package main

import (
	"errors"
	"net/url"
)

// asLogin returns the URL with another user and password.
func asLogin(databaseURL, user, password string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", errors.New("the database URL cannot be read: give postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
	u.User = url.UserPassword(user, password)
	return u.String(), nil
}
