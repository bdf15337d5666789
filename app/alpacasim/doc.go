// Package alpacasim is a simulated Alpaca that runs inside a test, or by itself
// as the command paddock sim. Programs that are written for Alpaca run against
// it unchanged.
//
// # What goes in
//
// A [Config] says what there is at the start: accounts with their keys, cash and
// positions, prices, further assets, and what time it is. [ReadSeed] reads the
// same from a file. After that, requests come in over HTTP, in Alpaca's own
// protocol, at the [Sim.Handler]. Trading and market data are two hosts at
// Alpaca, and one here.
//
// A test also does what no client of Alpaca's can: it moves the market
// ([Sim.Step], [Sim.SetPrice]) and the clock ([Sim.SetClock]), makes things go
// wrong ([Sim.Inject], [Sim.InjectFor]), halts a symbol ([Sim.Halt]), splits a
// stock ([Sim.Split]), and takes executions back ([Sim.Bust], [Sim.Correct]).
// Nothing moves by itself unless [Sim.Run] is called. A test in another process
// does the same over HTTP, under /_sim/, where [Config].Control is set: package
// simclient is a client for that.
//
// # What comes out
//
// Responses, refusals and trade updates come out in Alpaca's JSON, the updates
// as Server-Sent Events and over a WebSocket. A test can also read the books
// themselves, whatever was answered: [Sim.Orders], [Sim.Positions],
// [Sim.Executions], [Sim.Account], and [Sim.History] for all of it in its true
// order. The same seed, clock and requests give the same results, ids included.
//
// # What is simulated
//
//   - Orders of every type, class and time in force, with their replacement and
//     cancellation, filled against a price that moves.
//   - Positions, margin, short sales, options with their exercise and expiry,
//     activities, account configurations and portfolio histories.
//   - Market data of shares, coins and options: latest and historical.
//   - New York's trading days, half days and sessions, where Config.Hours is set.
//     Without it the market never closes.
//   - Assets, watchlists, news, rate limits, and Alpaca's refusals.
//
// # What is not simulated
//
//   - Market data over WebSockets, transfers of money, OAuth and the Broker API.
//   - A market that notices an order: fills come at the live price, whatever
//     their size.
//   - Interest, borrow fees and taxes.
//   - Safety. Whoever reaches the port and knows a key trades.
//
// # Where it stands
//
// This package is the book, which one lock protects, and what serves it over
// HTTP. Files named trading_, data_, stream_ and control_ hold the handlers of
// one surface each. What knows nothing of the book stands below:
//
//   - internal/calendar: New York's trading days, sessions and hours.
//   - internal/options: which option contracts are listed, and their values.
//   - internal/prices: the past and the live price of a symbol, its trades and
//     bars, by a seed.
//   - internal/draw: the numbers that a seed decides.
//   - internal/statefile: the file that outlives the process, and its lines.
//
// docs/simulator.md has all of it in detail, and the command's flags.
package alpacasim
