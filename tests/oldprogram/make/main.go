// Command make makes the database of a program of one tenant, with as many rows as
// are asked for, to try an import on: go run ./tests/oldprogram/make -rows 1000000
// in the empty database that OLD_DATABASE_URL names.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"

	"paddock/tests/oldprogram"
)

func main() {
	rows := flag.Int("rows", 1_000_000, "rows in all: six tenths orders, a thousandth positions, and the rest logs and round trips")
	flag.Parse()
	if err := run(context.Background(), *rows); err != nil {
		fmt.Fprintln(os.Stderr, "make:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rows int) error {
	conn, err := pgx.Connect(ctx, os.Getenv("OLD_DATABASE_URL"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	size := oldprogram.Size{Orders: rows * 6 / 10, Positions: min(rows/1000, 600), Trips: rows / 50}
	size.Logs = rows - size.Orders - size.Positions - size.Trips
	if err := oldprogram.Make(ctx, conn, size); err != nil {
		return err
	}
	fmt.Printf("%+v\n", size)
	return nil
}
