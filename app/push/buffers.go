package push

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
)

// The sizes of a socket's buffers, in bytes: clients send little, and most
// events fit into one write. net/http's own buffers are four times these, which
// is much for thousands of sockets.
const (
	readBuffer  = 512
	writeBuffer = 1536
)

// smallBuffers is a ResponseWriter that hands its connection over with small
// buffers.
type smallBuffers struct {
	http.ResponseWriter
	conn net.Conn // the one that was handed over
}

// Hijack returns the connection, with what was read from it already.
func (s *smallBuffers) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if err := buffers.Writer.Flush(); err != nil {
		conn.Close()
		return nil, nil, err
	}
	early := make([]byte, buffers.Reader.Buffered())
	if _, err := io.ReadFull(buffers.Reader, early); err != nil {
		conn.Close()
		return nil, nil, err
	}
	source := io.Reader(conn)
	if len(early) > 0 {
		source = io.MultiReader(bytes.NewReader(early), conn)
	}
	in := bufio.NewReaderSize(source, max(readBuffer, len(early)))
	if _, err := in.Peek(len(early)); err != nil { // into the buffer, where the new owner looks for it
		conn.Close()
		return nil, nil, err
	}
	s.conn = conn
	return conn, bufio.NewReadWriter(in, bufio.NewWriterSize(conn, writeBuffer)), nil
}
