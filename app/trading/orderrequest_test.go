package trading_test

import (
	"encoding/json"
	"strings"
	"testing"

	"paddock/app/problem"
	"paddock/app/trading"
)

// An order that cannot be right is refused before anything is stored or sent,
// and the message names the wrong field. What only Alpaca can decide is not
// checked.
func TestOrdersAreChecked(t *testing.T) {
	const market = `"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day"`
	const limit = `"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"2"`
	const exit = `"symbol":"AAPL","side":"sell","type":"limit","time_in_force":"gtc","qty":"1"`
	const trailing = `"symbol":"AAPL","side":"sell","type":"trailing_stop","time_in_force":"day","qty":"1"`
	const spread = `"order_class":"mleg","time_in_force":"day","qty":"1"`
	const gain, loss = `"take_profit":{"limit_price":"3"}`, `"stop_loss":{"stop_price":"1"}`
	const legA = `{"symbol":"AAPL261218C00200000","ratio_qty":"1","side":"buy","position_intent":"buy_to_open"}`
	const legB = `{"symbol":"AAPL261218C00210000","ratio_qty":"1","position_intent":"sell_to_open"}`
	for body, want := range map[string]string{
		market + `,"qty":"1"`:            "",
		market + `,"qty":1.5`:            "",
		market + `,"notional":"0.01"`:    "",
		market + `,"qty":"0.123456789"`:  "",
		market + `,"qty":"999999999999"`: "",
		`"symbol":"BRK.B","side":"sell","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"2","extended_hours":true`: "",
		`"symbol":"BTC/USD","side":"sell","type":"stop_limit","time_in_force":"ioc","qty":"1","limit_price":"2","stop_price":3`: "",
		`"symbol":"AAPL250117C00150000","side":"sell","type":"stop","time_in_force":"fok","qty":"1","stop_price":"3"`:           "",
		trailing + `,"trail_percent":"1.5"`:                                                 "",
		trailing + `,"trail_price":"2"`:                                                     "",
		limit + `,"order_class":"bracket",` + gain + `,` + loss:                             "",
		limit + `,"order_class":"oto",` + gain:                                              "",
		limit + `,"order_class":"oto","stop_loss":{"stop_price":"1","limit_price":"0.9"}`:   "",
		exit + `,"order_class":"oco",` + gain + `,` + loss:                                  "",
		spread + `,"limit_price":"-0.75","type":"limit","legs":[` + legA + `,` + legB + `]`: "",
		spread + `,"type":"market","legs":[` + legA + `,` + legB + `]`:                      "",
		trailing: `either "trail_price" or "trail_percent"`,
		trailing + `,"trail_price":"2","trail_percent":"1"`:                             `either "trail_price" or "trail_percent"`,
		limit + `,"trail_price":"2"`:                                                    `trailing_stop orders`,
		limit + `,"order_class":"bracket",` + gain:                                      `needs "take_profit" and "stop_loss"`,
		limit + `,"order_class":"bracket",` + gain + `,"stop_loss":{"limit_price":"1"}`: `"stop_loss" needs a "stop_price"`,
		limit + `,"order_class":"bracket","take_profit":{},` + loss:                     `"take_profit" needs a "limit_price"`,
		limit + `,"order_class":"bracket","take_profit":{"limit_price":"-1"},` + loss:   `"take_profit.limit_price" must be greater than 0`,
		limit + `,"order_class":"oto",` + gain + `,` + loss:                             `either "take_profit" or "stop_loss"`,
		limit + `,` + gain:                                                                   `of the class bracket, oco or oto`,
		limit + `,"order_class":"combo"`:                                                     `"order_class" must be one of`,
		limit + `,"limit_price":"-1"`:                                                        `"limit_price" must be greater than 0`,
		limit + `,"legs":[` + legA + `]`:                                                     `of the class mleg`,
		market + `,"notional":"5","order_class":"oto",` + gain:                               `needs a "qty"`,
		spread + `,"type":"market","legs":[` + legA + `]`:                                    `two to four`,
		spread + `,"type":"market","legs":[` + strings.Repeat(legA+`,`, 4) + legB + `]`:      `too many entries`,
		spread + `,"type":"limit","limit_price":"1e9000","legs":[` + legA + `,` + legB + `]`: `"limit_price" has too many digits`,
		spread + `,"type":"market","side":"buy","legs":[` + legA + `,` + legB + `]`:          `stand in its legs`,
		spread + `,"type":"market","legs":[` + legA + `,{"symbol":"X","ratio_qty":"1"}]`:     `"ratio_qty" and a "side"`,
		spread + `,"type":"market","legs":[` + legA + `,{"symbol":"X","side":"buy"}]`:        `"ratio_qty" and a "side"`,
		market + `,"qty":"1","position_intent":"buy_more"`:                                   `"position_intent" must be one of`,
		market:                                      `"qty"`,
		market + `,"qty":"1","notional":"1"`:        `"notional"`,
		market + `,"qty":"0"`:                       `"qty" must be greater than 0`,
		market + `,"qty":"-1"`:                      `"qty" must be greater than 0`,
		market + `,"notional":"-0.01"`:              `"notional" must be greater than 0`,
		market + `,"qty":"1e9000"`:                  `"qty" has too many digits`,
		market + `,"qty":1e-9000`:                   `"qty" has too many digits`,
		market + `,"qty":"0.1234567890123456789"`:   `"qty" has too many digits`,
		market + `,"qty":"12345678901234567890"`:    `"qty" has too many digits`,
		market + `,"qty":"1","limit_price":"1"`:     `takes no "limit_price"`,
		market + `,"qty":"1","stop_price":"1"`:      `takes no "stop_price"`,
		market + `,"qty":"1","extended_hours":true`: `"extended_hours"`,
		market + `,"qty":"1","client_order_id":"` + strings.Repeat("x", 129) + `"`:                                                                                                  `"client_order_id" is too long`,
		market + `,"qty":"1","client_order_id":"a\nb"`:                                                                                                                              `"client_order_id" must be printable`,
		market + `,"qty":"1","tag":"` + strings.Repeat("é", 128) + `"`:                                                                                                              "",
		market + `,"qty":"1","tag":"` + strings.Repeat("x", 129) + `"`:                                                                                                              `"tag" is too long`,
		market + `,"qty":"1","tag":"a\u0000b"`:                                                                                                                                      `"tag"`,
		market + `,"qty":"1","orchestrator_agent_id":"a\u0000b"`:                                                                                                                    `"orchestrator_agent_id"`,
		`"symbol":"aapl","side":"buy","type":"market","time_in_force":"day","qty":1`:                                                                                                "",
		`"symbol":"a√pl","side":"buy","type":"market","time_in_force":"day"`:                                                                                                        `"symbol"`,
		`"symbol":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","side":"buy","type":"market","time_in_force":"day","qty":1`:                                                                `"symbol" is the id of an asset`,
		market + `,"qty":1,"position_intent":"sell_to_close"`:                                                                                                                       `contradict`,
		market + `,"qty":1,"position_intent":"buy_to_close"`:                                                                                                                        "",
		exit + `,"order_class":"oco","limit_price":"3.0",` + gain + `,` + loss:                                                                                                      "",
		exit + `,"order_class":"oco","limit_price":"4",` + gain + `,` + loss:                                                                                                        `they differ`,
		spread + `,"type":"market","legs":[` + legA + `,{"symbol":"AAPL261218C00210000","ratio_qty":"1","side":"sell","position_intent":"buy_to_open"}]`:                            `"legs[1].side" is sell`,
		spread + `,"type":"market","legs":[` + legA + `,` + legA + `]`:                                                                                                              `"legs[1].symbol" is AAPL261218C00200000`,
		spread + `,"type":"market","legs":[` + legB + `,{"symbol":"aapl261218c00210000","ratio_qty":"2","side":"buy"}]`:                                                             `which another leg has too`,
		spread + `,"type":"market","legs":[` + legA + `,{"symbol":"X","ratio_qty":"1.5","side":"buy"}]`:                                                                             `"legs[1].ratio_qty" must be a whole number`,
		spread + `,"type":"market","legs":[{"symbol":"X","ratio_qty":"2","side":"sell"},{"symbol":"Y","ratio_qty":"4","side":"buy"}]`:                                               `divided by 2`,
		spread + `,"type":"market","legs":[{"symbol":"X","ratio_qty":"6","side":"sell"},{"symbol":"Y","ratio_qty":"10","side":"buy"},{"symbol":"Z","ratio_qty":"15","side":"buy"}]`: "",
		`"symbol":"A'; --","side":"buy","type":"market","time_in_force":"day"`:                                                                                                      `"symbol"`,
		`"side":"buy","type":"market","time_in_force":"day"`:                                                                                                                        `"symbol" is missing`,
		`"symbol":"AAPL","side":"hold","type":"market","time_in_force":"day"`:                                                                                                       `"side" must be one of: buy, sell`,
		`"symbol":"AAPL","side":"buy","type":"trailing","time_in_force":"day"`:                                                                                                      `"type" must be one of`,
		`"symbol":"AAPL","side":"buy","type":"market","time_in_force":"forever"`:                                                                                                    `"time_in_force" must be one of`,
		`"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"day","qty":1`:                                                                                                 `needs a "limit_price"`,
		`"symbol":"AAPL","side":"buy","type":"stop","time_in_force":"day","qty":1`:                                                                                                  `needs a "stop_price"`,
	} {
		var r trading.OrderRequest
		if err := json.Unmarshal([]byte("{"+body+"}"), &r); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		err := r.Check()
		if want == "" {
			if err != nil {
				t.Errorf("%.120s: %v", body, err)
			}
			continue
		}
		if p := problem.Of(err); p.Code != problem.InvalidOrder || p.Kind() != problem.KindInvalid || !strings.Contains(p.Message, want) {
			t.Errorf("%.120s: %v, want %s", body, err, want)
		}
	}
}
