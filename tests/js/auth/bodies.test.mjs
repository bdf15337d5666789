// Bodies that are wrong in every way are refused in the words of a real Better
// Auth server, and what it takes is taken.
import { after, before, test } from 'node:test'
import { password, sides } from './sides.mjs'

let two
before(async () => { two = await sides() })
after(() => two.close())

const form = { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }
const type = (value) => ({ headers: { 'Content-Type': value } })
const upText = JSON.stringify({ name: 'N', email: 'nonsense', password })
const inText = JSON.stringify({ email: 'nobody@example.com', password })

const up = (name, body, options) => [`sign-up: ${name}`, 'POST', 'sign-up/email', body, options]
const into = (name, body, options) => [`sign-in: ${name}`, 'POST', 'sign-in/email', body, options]

const steps = [
  up('no fields', {}),
  up('no body', undefined),
  up('no body, but a type', undefined, type('application/json')),
  up('null', 'null'),
  up('an array', []),
  up('a text', '"text"'),
  up('a number', '1'),
  up('numbers', { name: 1, email: 2, password: 3 }),
  up('nulls', { name: null, email: null, password: null, image: null, rememberMe: null, callbackURL: null }),
  up('objects', { name: {}, email: [], password: true, image: 1, rememberMe: 'yes' }),
  up('a bad email', { name: 'N', email: 'nonsense', password }),
  up('a bad email and no password', { name: 'N', email: 'nonsense' }),
  up('an empty email', { name: 'N', email: '', password }),
  up('an empty password', { name: 'N', email: 'EMAIL', password: '' }),
  up('a short password', { name: 'N', email: 'EMAIL', password: 'x'.repeat(7) }),
  up('a long password', { name: 'N', email: 'EMAIL', password: 'x'.repeat(129) }),
  up('seven UTF-16 units', { name: 'N', email: 'EMAIL', password: '😀😀😀x' }),
  up('129 UTF-16 units', { name: 'N', email: 'EMAIL', password: '😀'.repeat(64) + 'x' }),
  up('an image of null', { name: 'N', email: 'EMAIL', password, image: null }),
  up('rememberMe of null', { name: 'N', email: 'EMAIL', password, rememberMe: null }),
  up('a bad email and a short password', { name: 'N', email: 'nonsense', password: 'x' }),
  up('eight UTF-16 units, no name to speak of and an image', { name: '', email: 'eight-EMAIL', password: '😀😀😀😀', image: 'https://example.com/i.png' }),
  up('128 UTF-16 units', { name: 'N', email: 'long-EMAIL', password: '😀'.repeat(64) }),
  up('not remembered', { name: 'N', email: 'brief-EMAIL', password, rememberMe: false }),
  up('an email in capitals', { name: 'N', email: 'UPPER-EMAIL', password }),
  up('a form', 'name=A+B&email=form-EMAIL&password=a+good+pass%C3%BCword', form),
  up('a form with a bool', 'name=A&email=form2-EMAIL&password=a+good+password&rememberMe=false', form),
  up('a form without fields', 'x=1', form),

  into('no fields', {}),
  into('no body', undefined),
  into('null', 'null'),
  into('an array', []),
  into('numbers', { email: 2, password: 3, rememberMe: 'no', callbackURL: '/' }),
  into('nulls', { email: null, password: null, rememberMe: null }),
  into('a callbackURL of a number', { email: 'EMAIL', password, callbackURL: 1 }),
  into('a callbackURL of null', { email: 'EMAIL', password, callbackURL: null }),
  into('rememberMe of null', { email: 'EMAIL', password, rememberMe: null }),
  into('a bad email and a password too long', { email: 'nonsense', password: 'x'.repeat(129) }),
  into('not JSON', '{'),
  into('a body of blanks', ' '),
  into('text', 'hello', type('text/plain')),
  into('JSON as text', inText, type('text/plain')),
  into('JSON as text/json', inText, type('text/json')),
  into('JSON with a suffix', inText, type('application/vnd.api+json')),
  into('JSON with a charset', inText, type('application/json; charset=utf-8')),
  into('JSON in capitals', inText, type('APPLICATION/JSON')),
  into('JSON with a broken parameter', inText, type('application/json; charset')),
  into('JSON without a type', inText, type(null)),
  into('nonsense without a type', '{', type(null)),
  into('JSON with an empty type', inText, type('')),
  up('JSON without a type', upText, type(null)),
  ['request-password-reset: JSON without a type', 'POST', 'request-password-reset', inText, type(null)],
  ['sign-out: JSON without a type', 'POST', 'sign-out', '{}', type(null)],
  into('multipart', '--x--', type('multipart/form-data; boundary=x')),
  into('a form', 'email=nobody%40example.com&password=a+good+password', form),
  into('a form with a field twice', 'email=nonsense&email=nobody%40example.com&password=a+good+password', form),
  into('a form with a bool', 'email=nobody%40example.com&password=a+good+password&rememberMe=false', form),
  into('an empty form', '', form),
  into('a name twice', '{"email":"nonsense","email":"nobody@example.com","password":"a good password"}'),
  into('a name in another case', '{"Email":"nobody@example.com","password":"a good password"}'),

  ['the session', 'POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password }],
  ...['revoke-session', 'update-user', 'change-password', 'sign-out', 'revoke-other-sessions', 'revoke-sessions'].flatMap((path) => [
    [`${path}: text`, 'POST', path, 'hello', type('text/plain')],
    [`${path}: a form`, 'POST', path, 'a=b', form],
    [`${path}: not JSON`, 'POST', path, '{'],
  ]),
  ...['revoke-session', 'update-user', 'change-password', 'sign-out'].flatMap((path) => [
    [`${path}: an array`, 'POST', path, []],
    [`${path}: null`, 'POST', path, 'null'],
    [`${path}: a text`, 'POST', path, '"text"'],
  ]),
  ...['revoke-session', 'update-user', 'change-password'].flatMap((path) => [
    [`${path}: no body`, 'POST', path],
    [`${path}: no fields`, 'POST', path, {}],
  ]),
  ['revoke-session: a number', 'POST', 'revoke-session', { token: 1 }],
  ['change-password: numbers', 'POST', 'change-password', { currentPassword: 1, newPassword: 2, revokeOtherSessions: 'yes' }],
  ['change-password: null', 'POST', 'change-password', { currentPassword: password, newPassword: password, revokeOtherSessions: null }],
  ...['1', '1.50', '1e21', '1e-7', '-0', '12345678901234567890', 'true', 'false'].flatMap((value) => [
    [`update-user: a name and an image of ${value}`, 'POST', 'update-user', `{"name":${value},"image":${value}}`],
    [`update-user: the name and image of ${value}`, 'GET', 'get-session'],
  ]),
  ['update-user: JSON without a type', 'POST', 'update-user', '{"name":"N"}', type(null)],
  ['get-session: a body', 'GET', 'get-session?x=1'],
  ['the session is still there', 'GET', 'get-session'],
  ['revoke-other-sessions: an array', 'POST', 'revoke-other-sessions', []],
  ['revoke-other-sessions: no body', 'POST', 'revoke-other-sessions'],
  ['sign-out: a number as callbackURL', 'POST', 'sign-out', { callbackURL: 1 }],
  ['sign-out: wrong fields', 'POST', 'sign-out', { disableRedirect: 'x', state: 1 }],
  ['sign-out: no body', 'POST', 'sign-out'],
  ['sign-out: other fields', 'POST', 'sign-out', { x: 1 }],

  ...[
    'a@b.co', 'a.b@b.co', 'a..b@b.co', '.a@b.co', 'a.@b.co', "a'@b.co", "'a@b.co", 'a+b@b.co', 'a-@b.co', '_@b.co', 'a@b', 'a@b.c', 'a@b.c1', 'a@-b.co', 'a@b-.co', 'a@b..co', 'a@b.co.', 'a@b_c.co',
    'a@1.co', 'a b@b.co', ' a@b.co', 'a@b.co\n', 'a@b@c.co', 'ü@b.co', 'a@ü.co', '"a"@b.co', 'a@[127.0.0.1]', 'a%b@b.co', 'A <a@b.co>', 'a@b.co,c@d.co', '@b.co', 'a@', 'x'.repeat(200) + '@b.co',
  ].map((email) => into(`the email ${JSON.stringify(email.slice(0, 30))}`, { email, password })),
]

test('body by body', async (t) => {
  for (const [name, ...step] of steps) await t.test(name, () => two.same(...step))
})
