// What the server says to programs, in the console's own words: by the stable code of each error.

const gone = (what: string) => `This ${what} is not there any more. Load the page again.`
const again = 'Paddock did not take this request. Load the page again, and try once more.'

const noKeys = 'This account has no working API keys. Enter them under Accounts.'
const keysNotYet = 'This account has no API keys yet. Enter them under Accounts.'

/** Instead of whatever the server says. */
export const always: Record<string, string> = {
  needs_credentials: noKeys,
  order_not_found: 'This account has no such order.',
  no_credentials: keysNotYet,
  invalid_account: 'Enter a name of 1 to 80 characters, of which one can be seen.',
  invalid_credentials: 'Enter both parts as Alpaca shows them: letters and digits, without spaces.',
  broker_account_in_use:
    'You have connected this Alpaca account already, under another name or as the other kind. Choose it in the list of accounts.',
  step_up_required: 'Nothing was changed: on a live account this takes your password or a code again.',
  approval_needed:
    'Nothing was changed yet: another person must approve it first, under Approvals. Make the same change again once they have.',
}

/** Where what the server says is for programs. */
export const instead: Record<string, string> = {
  account_forbidden: 'This account is not among yours, or not any more. Choose another one.',
  account_malformed: 'The address of this page names no account. Choose one of yours.',
  account_required: 'Choose an account first.',
  approval_changed: 'It has changed since it was shown. Look at it again before you decide.',
  approval_not_found: gone('approval'),
  approval_refused: 'A person has refused this order. It was not sent.',
  client_order_id_required: again,
  client_order_id_taken: 'This order is there already. Look at the list of orders.',
  copying_exists: 'This account offers its orders, or follows that account, already.',
  copying_not_found: 'This account follows nobody by this, or not any more.',
  block_order_not_found: gone('block order'),
  cursor_ahead: again,
  cursor_expired: again,
  email_unverified: 'Your email address is not verified. Verify it under Profile.',
  exercise_under_way: 'These contracts are being exercised already.',
  grant_exists: 'This person has a role on the account already. Change it in the list below.',
  grant_not_found: 'This person has no role on the account any more.',
  guard_refused: 'This account’s guards refuse it.',
  idempotency_key_reused: again,
  invalid_agent_log: again,
  invalid_approval: 'Paddock did not take what was entered for this approval. Check it.',
  invalid_cursor: 'The list has changed meanwhile. Load the page again.',
  invalid_grant: 'Check the address and the role.',
  invalid_guards: 'A limit is not one that an account can have. Check what you entered.',
  invalid_idempotency_key: again,
  invalid_limit: again,
  invalid_notice: 'Check what you entered for this notice.',
  invalid_order: 'Paddock did not take this order. Check what you entered.',
  invalid_query: again,
  invalid_scope: 'Choose what the list is of again.',
  invalid_step_up: 'Enter your password, or a code of your app.',
  invalid_switch: 'Check the reason, and what you ticked.',
  invalid_token: 'Check what you entered for this token.',
  invalid_webhook: 'Check the address and what is sent to it.',
  invitation_not_found: 'This invitation is not open any more.',
  job_not_cancelable: 'This order is being sent, or was sent. Cancel it in the list of orders.',
  job_not_found: 'This order does not wait any more.',
  nobody_approves: 'Nobody else could approve anything on this account. Share it first, as approver or owner.',
  no_mail_server: 'This server sends no mail. Its operator can set that up.',
  not_permitted: 'Your role on this account does not allow this, or the account is paused.',
  notice_not_found: gone('notice'),
  order_not_found: gone('order'),
  order_not_unknown: 'Alpaca has told of this order meanwhile: look at the list of orders.',
  orders_not_canceled:
    'Some open orders could not be canceled yet, so that nothing else was done. Try again in a moment.',
  position_not_found: 'This position is not held any more.',
  request_under_way: 'The same was asked for already and is still under way. Try again in a few seconds.',
  sleeve_not_empty: 'This sleeve still holds something: close its positions, cancel its orders and move its cash out.',
  sleeve_not_found: 'This sleeve is not there any more, or closed.',
  token_not_found: gone('token'),
  token_too_wide:
    'A token cannot reach further than what it is made with. A live account takes a token that is not for paper alone.',
  too_many_approvals: 'As many approvals wait on this account as may. Decide some of them first, under Approvals.',
  too_many_attempts: 'Too many passwords or codes were tried.',
  too_many_jobs: 'As many orders wait to be sent as may. Wait until some are sent.',
  too_many_notices: 'This account has as many notices as it may. Delete one first.',
  too_many_tokens: 'You have as many tokens as you may. Revoke one first.',
  too_many_webhooks: 'This account has as many webhooks as it may. Delete one first.',
  unauthenticated: 'You are signed out. Sign in again.',
  user_not_found: 'Nobody here has this address. Send them an invitation instead.',
  webhook_not_found: gone('webhook'),
}

/** What is said where nothing better is known, by the HTTP status. */
export function byStatus(status: number): string {
  if (status === 401) return 'You are signed out. Sign in again.'
  if (status === 403) return 'You may not do this here.'
  if (status === 404) return 'This is not there any more. Load the page again.'
  if (status === 409) return 'Something else has changed meanwhile, so that nothing was done. Load the page again.'
  if (status === 422) return 'Alpaca, or a guard of this account, did not take it.'
  if (status === 429) return 'Too much was asked for at once.'
  if (status >= 500) return 'Something went wrong at the server. Try again in a moment.'
  return 'Paddock did not take this request. Load the page again, and try once more.'
}
