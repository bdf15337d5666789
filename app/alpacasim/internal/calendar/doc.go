// Package calendar is the calendar of New York's stock market: its trading days,
// half days and holidays, the sessions of a day, and when what is traded there
// trades. All of it follows from a time alone, and nothing here knows the
// simulator.
//
// Every function takes a time in any zone and means the day in New York that
// contains it.
package calendar
