package push

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
)

// The sizes of a socket's buffers, in bytes: what clients say is short, and
// most events fit into one write. A server's own buffers are four times these,
// which is much where there are thousands.
const (
	readBuffer  = 512
	writeBuffer = 1536
)

// slim is a ResponseWriter whose connection is handed over with small buffers.
type slim struct {
	http.ResponseWriter
	conn net.Conn // that was handed over
}

// Hijack hands the connection over, with what was read of it already.
func (s *slim) Hijack() (net.Conn, *bufio.ReadWriter, error) {
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
	in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(early), conn), max(readBuffer, len(early)))
	if _, err := in.Peek(len(early)); err != nil { // into the buffer, where whoever takes over looks for it
		conn.Close()
		return nil, nil, err
	}
	s.conn = conn
	return conn, bufio.NewReadWriter(in, bufio.NewWriterSize(conn, writeBuffer)), nil
}
