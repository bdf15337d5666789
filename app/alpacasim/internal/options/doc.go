// Package options holds what follows from the symbol of an option contract and
// the time: which contracts are listed, when they expire, what they are worth by
// a model, and the steps of their prices. Who holds them, and what becomes of
// them at expiry, is the simulator's book.
package options
