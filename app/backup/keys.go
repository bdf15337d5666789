package backup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"filippo.io/age"

	"paddock/app/secretfile"
)

// maxKeys bounds a file of recipients or identities, in bytes.
const maxKeys = 64 << 10

// NewKey writes a new identity to w, in the form of age-keygen, and returns its
// recipient. Whoever has the identity opens every backup for the recipient.
func NewKey(w io.Writer) (recipient string, err error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	recipient = identity.Recipient().String()
	_, err = fmt.Fprintf(w, "# created: %s\n# public key: %s\n%s\n", time.Now().UTC().Format(time.RFC3339), recipient, identity)
	return recipient, err
}

// Recipients returns whom a backup is encrypted for: those that are given as text
// (age1…), and those of the files, one a line.
func Recipients(texts, files []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for _, text := range texts {
		found, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil || len(found) != 1 {
			return nil, errors.New("a recipient is not one of age's: give the public key, which begins with age1")
		}
		all = append(all, found...)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("the file of recipients cannot be read: %w", err)
		}
		found, err := age.ParseRecipients(strings.NewReader(string(text)))
		if err != nil {
			return nil, fmt.Errorf("the file %s has none of age's recipients, or a line that is none", path)
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, errors.New("nobody is named who could open the backup: give --recipient or --recipients-file; paddock backup new-key makes a key")
	}
	return all, nil
}

// Identities returns the keys of a file that age-keygen or NewKey made. The file is
// refused where others on the machine can read it.
func Identities(path string) ([]age.Identity, error) {
	text, err := secretfile.Read(path, maxKeys, false)
	if err != nil {
		return nil, err
	}
	identities, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("the file %s has none of age's identities, or a line that is none: it is the file that paddock backup new-key or age-keygen made", path)
	}
	return identities, nil
}
