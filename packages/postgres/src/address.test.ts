// What an address means, in one table for everybody who connects; and what is no address, said without a word of it.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { clientConfig, flawOf, parseAddress, partsOf, placeOf, urlOf } from './address.ts';

const SECRET = 'geheim';

/** Without what is the same for all. */
function meaning(text: string) {
  assert.equal(flawOf(text), undefined, text);
  const { parameters, ...rest } = parseAddress(text);
  return { ...rest, place: placeOf(rest), ...Object.fromEntries(parameters) };
}

test('what an address says, what it leaves out, and what it says in other places', () => {
  const mine = os.userInfo().username;
  const plain = { host: 'h', port: 5432, user: 'u', password: undefined, database: 'd' };
  const table: Record<string, object> = {
    'postgres://a%40b:p%2Fw@db.example.org/shop?sslmode=require&connect_timeout=3': {
      host: 'db.example.org',
      port: 5432,
      user: 'a@b',
      password: 'p/w',
      database: 'shop',
      place: 'db.example.org:5432',
      sslmode: 'require',
      connect_timeout: '3',
    },
    'postgresql://user:100%@[::1]:6/': {
      host: '::1',
      port: 6,
      user: 'user',
      password: '100%',
      database: 'user',
      place: '[::1]:6',
    },
    'postgres:///?host=/run/pg&port=5433&user=a&password=b&dbname=c&ssl=true': {
      host: '/run/pg',
      port: 5433,
      user: 'a',
      password: 'b',
      database: 'c',
      place: '/run/pg',
      ssl: 'true',
      sslmode: 'require',
    },
    'postgresql://u@/d?host=/run/pg': { ...plain, host: '/run/pg', place: '/run/pg' },
    'postgresql://u@h/d': { ...plain, place: 'h:5432' },
    'postgresql://u@h/d?ssl=true&sslmode=verify-full&sslmode=disable': {
      ...plain,
      place: 'h:5432',
      ssl: 'true',
      sslmode: 'verify-full',
    },
    'postgresql:///': {
      host: 'localhost',
      port: 5432,
      user: mine,
      password: undefined,
      database: mine,
      place: 'localhost:5432',
    },
  };
  for (const [text, expected] of Object.entries(table))
    assert.deepEqual(meaning(text), expected, text);
});

test('what an address leaves out can be left to libpq', () => {
  const none = { host: '', port: '', user: '', password: '', database: '', parameters: new Map() };
  assert.deepEqual(partsOf('postgresql:///'), none);
  const some = partsOf('postgresql://u:p%40@[::1]/?dbname=d&ssl=true');
  assert.deepEqual(
    { ...some, parameters: some.parameters.get('sslmode') },
    { host: '::1', port: '', user: 'u', password: 'p@', database: 'd', parameters: 'require' },
  );
});

test('a login without a host is a URL for who can read these only, and means the same', () => {
  const text = 'postgresql://u:p@/d?host=/run/pg';
  const { href } = urlOf(text);
  assert.equal(href, 'postgresql://u:p@localhost/d?host=/run/pg');
  assert.deepEqual(meaning(href), meaning(text));
});

test('what is no address is told without a word of it', () => {
  const table: Record<string, RegExp> = {
    '': /postgresql:/,
    [SECRET]: /postgresql:/,
    [`${SECRET}:x@h/d`]: /postgresql:/,
    [`mysql://u:${SECRET}@h/d`]: /postgresql:/,
    [`postgresql://u:${SECRET}@h:port/d`]: /a URL/,
    [`postgresql://u:${SECRET}@h:65536/d`]: /a URL/,
    [`postgresql://u:${SECRET}@h:0/d`]: /port/,
    [`postgresql://u:${SECRET}@h/d?port=0`]: /port/,
    [`postgresql://u:${SECRET}@h/d?port=5e3`]: /port/,
    [`postgresql://u:${SECRET}@h/d?port=${SECRET}`]: /port/,
    [`postgresql://u:${SECRET}@h/d?sslmode=${SECRET}`]: /sslmode is none of disable, /,
    [`postgresql://u:p/${SECRET}@h/d`]: /a URL/,
    // As passwords that hold these characters and are written as they are.
    [`postgresql://u@p/${SECRET}@h/d`]: /@/,
    [`postgresql://u:1/${SECRET}@h/d`]: /@/,
    [`postgresql://u:1?${SECRET}@h/d`]: /@/,
    [`postgresql://u:1#${SECRET}@h/d`]: /#/,
  };
  for (const [text, expected] of Object.entries(table)) {
    const flaw = flawOf(text) ?? assert.fail(`${text} is taken for an address`);
    assert.match(flaw, expected, text);
    assert.ok(!flaw.includes(SECRET), flaw);
  }
});

test('the client library is told all of it, and everything ends', () => {
  const config = clientConfig(parseAddress('postgresql://u:p@h:7/d'), 'me');
  assert.deepEqual(config, {
    host: 'h',
    port: 7,
    user: 'u',
    password: 'p',
    database: 'd',
    ssl: false,
    application_name: 'me',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
  });
  assert.ok(!('password' in clientConfig(parseAddress('postgresql://u@h/d'), 'me')));
  const asking = (options: string) =>
    clientConfig(parseAddress(`postgresql://u@h/d?options=${options}`), 'me').options;
  assert.equal(asking('-c%20search_path%3Dx'), '-c search_path=x');
  assert.equal(asking(''), undefined);
});

test('a connect_timeout of many days does not end at once', () => {
  const limit = (text: string): number | undefined =>
    clientConfig(parseAddress(`postgresql://u@h/d?connect_timeout=${text}`), 'me')
      .connectionTimeoutMillis;
  assert.equal(limit('3'), 3000);
  for (const none of ['0', '-1', 'x', '']) assert.equal(limit(none), 10_000, none);
  for (const long of ['99999999', 'Infinity']) assert.equal(limit(long), 3_600_000, long);
});

test('the words of sslmode mean what libpq takes them for', async (t) => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-address-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = path.join(directory, 'ca.pem');
  await writeFile(file, 'a certificate');
  const ssl = (asked: string): unknown =>
    clientConfig(parseAddress(`postgresql://u@h/d?${asked}`), 'me').ssl;
  const ca = Buffer.from('a certificate');
  for (const off of ['', 'sslmode=disable', 'sslmode=allow', 'sslmode=prefer'])
    assert.equal(ssl(off), false, off);
  assert.deepEqual(ssl('sslmode=require'), { rejectUnauthorized: false });
  assert.deepEqual(ssl('ssl=true'), { rejectUnauthorized: false });
  assert.deepEqual(ssl('sslmode=no-verify'), { rejectUnauthorized: false });
  assert.deepEqual(ssl('sslmode=verify-full'), {});
  assert.deepEqual(ssl(`sslmode=verify-full&sslrootcert=${file}`), { ca });
  assert.deepEqual(ssl(`sslmode=verify-full&sslcert=${file}&sslkey=${file}`), {
    cert: ca,
    key: ca,
  });
  for (const some of ['verify-ca', 'require']) {
    const found = ssl(`sslmode=${some}&sslrootcert=${file}`) as { checkServerIdentity: unknown };
    assert.deepEqual(Object.keys(found), ['ca', 'checkServerIdentity'], some);
  }
  assert.throws(() => ssl(`sslmode=require&sslrootcert=${file}.none`), { code: 'ENOENT' });
});

test('a socket is asked for no certificate, as by libpq, which leaves out sslmode there', () => {
  for (const at of ['u@%2Frun%2Fpg/d?', 'u@/d?host=/run/pg&'])
    for (const asked of ['sslmode=require', 'sslmode=verify-full&sslrootcert=/nowhere/ca.pem']) {
      const text = `postgresql://${at}${asked}`;
      assert.equal(clientConfig(parseAddress(text), 'me').ssl, false, text);
    }
});

test('sslrootcert=system is never met with less than a certificate', () => {
  for (const mode of ['', '&sslmode=require', '&sslmode=prefer', '&sslmode=verify-full']) {
    const address = parseAddress(`postgresql://u@h/d?sslrootcert=system${mode}`);
    assert.deepEqual(clientConfig(address, 'me').ssl, {}, mode);
  }
});
