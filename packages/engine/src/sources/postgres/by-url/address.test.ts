import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conninfo, connectLimitMs, nameWith, parseAddress, placeOf } from './address.ts';
import { applicationUrl } from './index.ts';

test('the address for programs has the own database, and not what only we read', async () => {
  const address = async () => ({
    url: 'postgresql://u:p%40@pooler:6543/my%2Fdb?sslmode=require&maintenance=other',
    directUrl: 'postgresql://u:p@direct/db',
  });
  const plain = await applicationUrl({ address });
  assert.equal(plain, 'postgresql://u:p%40@pooler:6543/my%2Fdb?sslmode=require');
  const copy = await applicationUrl({ address, databaseSuffix: '12ab' });
  assert.equal(copy, 'postgresql://u:p%40@pooler:6543/my%2Fdb_12ab?sslmode=require');
});

test('what an address leaves out, and what it says in other places', () => {
  const plain = parseAddress('postgresql://user:100%@[::1]/');
  assert.deepEqual(
    { ...plain, parameters: [...plain.parameters] },
    { host: '::1', port: 5432, user: 'user', password: '100%', database: 'user', parameters: [] },
  );
  const socket = parseAddress(
    'postgres:///?host=/run/pg&port=5433&user=a&password=b&dbname=c&ssl=true&connect_timeout=3',
  );
  assert.equal(placeOf(socket), '/run/pg');
  assert.deepEqual(
    [socket.port, socket.user, socket.password, socket.database, connectLimitMs(socket)],
    [5433, 'a', 'b', 'c', 3000],
  );
  assert.equal(socket.parameters.get('sslmode'), 'require');
});

test('the connection string of an argument list holds no password, and its values stay values', () => {
  const address = parseAddress(
    'postgresql://u:secret@h/x?options=-c%20a%3D1&schema=p&pgbouncer=true',
  );
  const text = conninfo(address, `it's a \\ host=elsewhere`, ['-c b=2']);
  assert.equal(
    text,
    `host='h' port='5432' user='u' dbname='it\\'s a \\\\ host=elsewhere' keepalives_idle='30' options='-c a=1 -c b=2'`,
  );
});

test('long names that begin alike do not become one', () => {
  const long = 'ü'.repeat(31);
  const names = [`${long}a`, `${long}b`].map((name) => nameWith(name, '_12345678'));
  assert.notEqual(names[0], names[1]);
  for (const name of names) {
    assert.ok(Buffer.byteLength(name) <= 63);
    assert.match(name, /^ü+_[0-9a-f]{8}_12345678$/);
  }
  assert.equal(nameWith('shop', '_12345678'), 'shop_12345678');
});
