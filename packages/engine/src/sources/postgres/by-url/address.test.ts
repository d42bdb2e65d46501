import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conninfo, nameWith, sourceAddress } from './address.ts';
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

test('the address of a source has its own database, and from where others are made', () => {
  const text = 'postgresql://u@h/shop?maintenance=other';
  const { database, maintenance } = sourceAddress(text, '12ab');
  assert.deepEqual([database, maintenance], ['shop_12ab', 'other']);
  assert.equal(sourceAddress('postgresql://u@h/shop?maintenance=').maintenance, undefined);
});

test('programs get an address that URLs can be, of a socket too', async () => {
  const address = async () => ({ url: 'postgresql://u@/shop?host=/run/pg' });
  const url = await applicationUrl({ address, databaseSuffix: '12ab' });
  assert.equal(url, 'postgresql://u@localhost/shop_12ab?host=%2Frun%2Fpg');
});

test('the connection string of an argument list holds no password, and its values stay values', () => {
  const address = sourceAddress(
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
