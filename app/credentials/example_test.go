package credentials_test

import (
	"fmt"

	"paddock/app/credentials"
)

// PADDOCK_MASTER_KEYS has an entry for each version of the master key. All
// versions decrypt, and the database says which one encrypts, so that a new key
// can be added without downtime. A keyring that is printed shows no key.
func ExampleParseKeyring() {
	keys, err := credentials.ParseKeyring(credentials.NewMasterKey(1) + "," + credentials.NewMasterKey(2))
	fmt.Println(keys, err)

	_, err = credentials.ParseKeyring("1:short")
	fmt.Println(err)
	// Output:
	// keyring of 2 versions <nil>
	// PADDOCK_MASTER_KEYS: the key of version 1 is not 32 bytes in base64; make one with paddock keys new
}
