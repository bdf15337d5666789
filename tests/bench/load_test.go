package bench

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// load returns how many requests for a path a second the server answers over so many
// keep-alive connections, each for a random tenant. It writes raw requests: a client that used
// half of the machine would measure itself.
func load(b *testing.B, addr, path string, connections int) float64 {
	b.Helper()
	perSecond, _ := loadKnown(b, addr, path, connections, nil)
	return perSecond
}

// loadKnown is load by clients that have the list whose entity tag known returns for
// the nth tenant, or none where known is nil. It also returns how long each request took,
// in ascending order.
func loadKnown(b *testing.B, addr, path string, connections int, known func(n int) string) (perSecond float64, took []time.Duration) {
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
	var mu sync.Mutex
	var wait sync.WaitGroup
	failed := make(chan error, connections)
	began := time.Now()
	for range connections {
		wait.Go(func() {
			each, err := drive(addr, requests, began.Add(round), known != nil)
			mu.Lock()
			took = append(took, each...)
			mu.Unlock()
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
	perSecond = float64(len(took)) / time.Since(began).Seconds()
	slices.Sort(took)
	return perSecond, took
}

func drive(addr string, requests [][]byte, until time.Time, known bool) (took []time.Duration, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	for began := time.Now(); began.Before(until); began = time.Now() {
		if _, err := conn.Write(requests[rand.IntN(len(requests))]); err != nil {
			return took, err
		}
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			return took, err
		}
		length, err := io.Copy(io.Discard, response.Body)
		if err != nil {
			return took, err
		}
		took = append(took, time.Since(began))
		if known && (response.StatusCode != http.StatusNotModified || length != 0) || !known && (response.StatusCode != http.StatusOK || length < 50*100) {
			return took, fmt.Errorf("answered %s with %d bytes, want 200 with a whole page, or 304 where it is known", response.Status, length)
		}
	}
	return took, nil
}
