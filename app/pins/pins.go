// Package pins keeps modules in go.mod until their first use; it is deleted then.
package pins

import (
	_ "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	_ "github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	_ "github.com/coder/websocket"
	_ "github.com/fergusstrange/embedded-postgres"
	_ "github.com/getkin/kin-openapi/openapi3"
	_ "github.com/getkin/kin-openapi/openapi3filter"
	_ "github.com/getkin/kin-openapi/routers/gorillamux"
	_ "github.com/go-playground/validator/v10"
	_ "github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgxlisten"
	_ "github.com/jackc/tern/v2/migrate"
	_ "github.com/julienschmidt/httprouter"
	_ "github.com/ory/dockertest/v3"
	_ "github.com/shopspring/decimal"
	_ "github.com/sony/gobreaker/v2"
	_ "github.com/spf13/cobra"
	_ "github.com/tmaxmax/go-sse"
	_ "golang.org/x/crypto/scrypt"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/text/unicode/norm"
	_ "golang.org/x/time/rate"
)
