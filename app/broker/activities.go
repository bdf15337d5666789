package broker

import (
	"context"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
)

// ActivitiesAnswer is a page of the account's activities.
type ActivitiesAnswer = Answer[[]alpaca.AccountActivity]

// ActivityPage is the largest number of activities on one of Alpaca's pages.
const ActivityPage = 100

// Activities reads a page of the account's activities of some types (FILL,
// SPLIT, FEE …), newest first: those after a time (the zero time is the whole
// history), and before the activity whose id token is ("" is the first page).
// https://docs.alpaca.markets/reference/getaccountactivities-2
func (c *Client) Activities(ctx context.Context, types []string, after time.Time, token string) (ActivitiesAnswer, error) {
	return read(ctx, c, "activities", func(sdk *alpaca.Client) error {
		_, err := sdk.GetAccountActivities(alpaca.GetAccountActivitiesRequest{
			ActivityTypes: types, After: after, Direction: "desc", PageSize: ActivityPage, PageToken: token,
		})
		return err
	}, decodeList[alpaca.AccountActivity](ReadActivity))
}
