// Package prices makes the prices of a simulated market: the past of a symbol
// ([Tape]), with its trades and bars ([Series]), and the live price that walks
// close to it ([Walk]). All of it follows from a seed, a symbol and the time, so
// that the same question always has the same answer. Prices are in cents.
package prices
