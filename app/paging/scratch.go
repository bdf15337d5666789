package paging

import (
	"bytes"
	"sync"
)

// maxScratch is the largest buffer, in bytes, that is kept for the next page.
const maxScratch = 256 << 10

var scratches = sync.Pool{New: func() any {
	buffer := make([]byte, 0, 48<<10) // a usual page of orders
	return &buffer
}}

// Scratch returns an empty buffer to write a response into. Keep ends its use.
func Scratch() []byte { return *scratches.Get().(*[]byte) }

// Keep returns a copy of what was written into a buffer of Scratch, which serves
// the next page: so a page is copied once, and does not grow from a first guess.
func Keep(written []byte) []byte {
	kept := bytes.Clone(written)
	if written = written[:0]; cap(written) <= maxScratch {
		scratches.Put(&written)
	}
	return kept
}
