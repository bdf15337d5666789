package auth

import (
	"crypto/rand"
	"encoding/json"
	"math/big"
	"slices"
)

const backupCodes = 10

// randomText returns random characters of an alphabet.
func randomText(length int, alphabet string) string {
	text := make([]byte, length)
	for i := range text {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			panic(err) // cannot happen: crypto/rand never fails
		}
		text[i] = alphabet[n.Int64()]
	}
	return string(text)
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// newBackupCodes returns ten codes as a user writes them down, and how they are kept.
func (s *Service) newBackupCodes() (codes []string, stored string, err error) {
	for range backupCodes {
		code := randomText(10, alphanumeric)
		codes = append(codes, code[:5]+"-"+code[5:])
	}
	stored, err = s.encryptCodes(codes)
	return codes, stored, err
}

func (s *Service) encryptCodes(codes []string) (string, error) {
	if codes == nil {
		codes = []string{}
	}
	text, err := json.Marshal(codes)
	if err != nil {
		return "", err
	}
	return s.encrypt(string(text))
}

// withoutCode returns how the codes are kept once one of them is used up. It reports
// false where the code is none of them.
func (s *Service) withoutCode(stored, code string) (rest string, found bool, err error) {
	text, err := s.decrypt(stored)
	if err != nil {
		return "", false, err
	}
	var codes []string
	if err := json.Unmarshal([]byte(text), &codes); err != nil {
		return "", false, errUndecryptable
	}
	left := slices.DeleteFunc(slices.Clone(codes), func(one string) bool { return one == code })
	if len(left) == len(codes) {
		return "", false, nil
	}
	rest, err = s.encryptCodes(left)
	return rest, true, err
}
