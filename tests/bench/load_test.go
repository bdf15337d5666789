package bench

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load returns how many requests for a path a second the server answers over so many
// keep-alive connections, each for a random tenant. It writes raw requests: a client that used
// half of the machine would measure itself.
func load(b *testing.B, addr, path string, connections int) float64 {
	b.Helper()
	return loadKnown(b, addr, path, connections, nil)
}

// loadKnown is load by clients that have the list whose entity tag known returns for
// the nth tenant.
func loadKnown(b *testing.B, addr, path string, connections int, known func(n int) string) float64 {
	b.Helper()
	requests := make([][]byte, tenants)
	for i := range requests {
		n := i + 1
		requests[i] = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nX-Account-ID: %s\r\n", path, addr, cookie(token(n)), account(n))
		if known != nil {
			requests[i] = fmt.Appendf(requests[i], "If-None-Match: %s\r\n", known(n))
		}
		requests[i] = append(requests[i], "\r\n"...)
	}
	var done atomic.Int64
	var wait sync.WaitGroup
	failed := make(chan error, connections)
	began := time.Now()
	for range connections {
		wait.Go(func() {
			n, err := drive(addr, requests, began.Add(round), known != nil)
			done.Add(n)
			if err != nil {
				failed <- err
			}
		})
	}
	wait.Wait()
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
	return float64(done.Load()) / time.Since(began).Seconds()
}

func drive(addr string, requests [][]byte, until time.Time, known bool) (n int64, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	for ; time.Now().Before(until); n++ {
		if _, err := conn.Write(requests[rand.IntN(len(requests))]); err != nil {
			return n, err
		}
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			return n, err
		}
		length, err := io.Copy(io.Discard, response.Body)
		if err != nil {
			return n, err
		}
		if known && (response.StatusCode != http.StatusNotModified || length != 0) || !known && (response.StatusCode != http.StatusOK || length < 50*100) {
			return n, fmt.Errorf("answered %s with %d bytes, want 200 with a whole page, or 304 where it is known", response.Status, length)
		}
	}
	return n, nil
}
