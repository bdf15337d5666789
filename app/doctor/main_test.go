package doctor

import (
	"testing"

	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
