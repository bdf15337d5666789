// Package schema holds a JSON schema for each message of the live protocol.
package schema

import "embed"

// Files are the schemas, by the type of message: subscribe.json and so on.
//
//go:embed *.json
var Files embed.FS
