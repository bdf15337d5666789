// Package draw makes numbers that look random and follow from their arguments
// alone, so that what is drawn once can be drawn again in any order.
package draw

import "hash/fnv"

// Mix returns a number for a number: the finalizer of splitmix64 (Steele, Lea
// and Flood, 2014).
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Named returns a number for a text.
func Named(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}
