// Package paging writes the rows that Postgres returns as JSON, and lists them
// page by page: given a client's limit and cursor, and a query's rows, it
// returns the JSON of a page and the cursor of the next one.
package paging

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// postgresEpoch is 2000-01-01 in microseconds since 1970.
const postgresEpoch = 946684800_000_000

// Spread is the name of a jsonb column whose members become fields of the row.
const Spread = "*"

// AppendRows appends rows to dst as a JSON array of objects whose keys are the
// columns' names. It copies the bytes that came from Postgres, without
// reflection or values in between. Amounts must be cast to text in the query,
// so that they become strings; times become RFC 3339 in UTC; jsonb is copied.
// The members of an object in a column named Spread become fields of the row.
//
// If more is given, it is called after each row, with the row's raw values and
// the number of bytes written so far, and reports whether the next row is
// wanted.
func AppendRows(dst []byte, rows pgx.Rows, more func(values [][]byte, length int) bool) ([]byte, error) {
	if err := rows.Err(); err != nil {
		return dst, err // the statement failed and has no columns
	}
	fields := rows.FieldDescriptions()
	keys := make([][]byte, len(fields))
	for i, f := range fields {
		key, _ := json.Marshal(f.Name)
		keys[i] = append(key, ':')
	}
	dst = append(dst, '[')
	first := true
	for rows.Next() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, '{')
		values := rows.RawValues()
		for i, value := range values {
			if fields[i].Name == Spread {
				dst = spread(dst, fields[i].Format, value)
				continue
			}
			if dst[len(dst)-1] != '{' {
				dst = append(dst, ',')
			}
			dst = append(dst, keys[i]...)
			var err error
			if dst, err = appendValue(dst, fields[i].DataTypeOID, fields[i].Format, value); err != nil {
				return dst, fmt.Errorf("column %s: %w", fields[i].Name, err)
			}
		}
		dst = append(dst, '}')
		if more != nil && !more(values, len(dst)) {
			break
		}
	}
	return append(dst, ']'), rows.Err()
}

// spread appends the members of a jsonb object to the object that is being
// written. The query makes sure that no name occurs twice.
func spread(dst []byte, format int16, v []byte) []byte {
	if v != nil && format == pgtype.BinaryFormatCode {
		v = v[1:] // the version byte
	}
	if len(v) <= len("{}") {
		return dst
	}
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(dst, v[1:len(v)-1]...)
}

func appendValue(dst []byte, oid uint32, format int16, v []byte) ([]byte, error) {
	if v == nil {
		return append(dst, "null"...), nil
	}
	switch oid {
	case pgtype.TextOID, pgtype.VarcharOID:
		return appendString(dst, v), nil
	case pgtype.JSONOID:
		return append(dst, v...), nil
	case pgtype.JSONBOID:
		if format == pgtype.BinaryFormatCode {
			v = v[1:] // the version byte
		}
		return append(dst, v...), nil
	}
	if format != pgtype.BinaryFormatCode {
		return dst, fmt.Errorf("type %d came as text; cast it to text in the query", oid)
	}
	switch oid {
	case pgtype.UUIDOID:
		dst = append(dst, '"')
		dst = appendUUID(dst, v)
		return append(dst, '"'), nil
	case pgtype.BoolOID:
		return strconv.AppendBool(dst, v[0] == 1), nil
	case pgtype.Int4OID:
		return strconv.AppendInt(dst, int64(int32(binary.BigEndian.Uint32(v))), 10), nil
	case pgtype.Int8OID:
		return strconv.AppendInt(dst, int64(binary.BigEndian.Uint64(v)), 10), nil
	case pgtype.TimestamptzOID:
		t := time.UnixMicro(int64(binary.BigEndian.Uint64(v)) + postgresEpoch).UTC()
		dst = append(dst, '"')
		dst = t.AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
		return append(dst, '"'), nil
	}
	return dst, fmt.Errorf("type %d has no JSON form here; cast it to text in the query", oid)
}

func appendUUID(dst, v []byte) []byte {
	for i, part := range [...][]byte{v[0:4], v[4:6], v[6:8], v[8:10], v[10:16]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// appendString writes a JSON string. Plain text, which nearly all is, is
// copied; encoding/json escapes the rest.
func appendString(dst, v []byte) []byte {
	for _, c := range v {
		if c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(string(v))
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, v...)
	return append(dst, '"')
}
