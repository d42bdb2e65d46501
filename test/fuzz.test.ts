// Whatever a person writes is understood or refused in an error of the catalogue: never a TypeError, never a hang, never a
// password in a message. Random input from fixed seeds; `npm run test:soak` tries many more. What was found stands as a test of
// its own beside the code that was mended.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { parseDuration, parseSize, type SnapshotId } from '@stillpoint/core';
import { flawOf } from '@stillpoint/postgres';
import { loadConfig, readAddress, resolveConfig } from '../packages/engine/src/config/index.ts';
import type { Manifest, Sealed } from '../packages/engine/src/snapshot/manifest.ts';
import {
  addressForPrograms,
  conninfo,
  sourceAddress,
} from '../packages/engine/src/sources/postgres/by-url/address.ts';
import { checkName, resolveRef } from '../packages/engine/src/snapshot/refs.ts';
import { mutateJson } from './fixture/mutate-json.ts';
import { holds, mutateText, randomOf, SECRET } from './fixture/random.ts';

const times = process.env['STILLPOINT_SOAK'] === undefined ? 1 : 10;

let directory = '';
before(async () => {
  directory = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-fuzz-')));
  for (const name of ['core', 'extensions/a', 'extensions/b'])
    await mkdir(path.join(directory, name, '.git'), { recursive: true });
  await mkdir(path.join(directory, 'plain'));
  await writeFile(path.join(directory, 'plain', 'file'), '');
  await symlink('loop', path.join(directory, 'loop'));
});
after(() => rm(directory, { recursive: true, force: true }));

const url = `postgresql://shop:${SECRET}@127.0.0.1:5432/shop`;
const valid: readonly unknown[] = [
  {
    members: ['core', 'extensions/*', { path: 'core', include: ['.env'], rebuild: 'npm ci' }],
    sources: {
      db: {
        driver: 'postgres',
        database: 'shop',
        port: 5544,
        settings: { work_mem: '8MB' },
        walLimit: '1GiB',
      },
      shop: {
        driver: 'postgres',
        url,
        directUrl: { env: 'DIRECT', file: '.env' },
        programs: '/usr/bin',
      },
      cache: { driver: 'sqlite', file: 'data/cache.db' },
      uploads: { driver: 'files', path: 'uploads', exclude: ['tmp/**'] },
    },
    participants: [
      { kind: 'lock', source: 'db', guards: ['db', 'core'] },
      { kind: 'command', name: 'sim', suspend: 'a', resume: 'b', guards: '*' },
      { kind: 'http', name: 'app', suspend: 'http://h/s', resume: `https://u:${SECRET}@h/r` },
    ],
    freeze: { budget: '2s', lockKey: '357896375372' },
    vault: '../elsewhere',
  },
  {
    members: [{ path: 'core' }],
    sources: { db: { driver: 'postgres', url: { env: 'DATABASE_URL' } } },
  },
  { sources: { cache: { driver: 'sqlite', file: 'cache.db' } }, vault: '.stillpoint/vault' },
];

const missing = ['refuse', 'keep'] as const;

test('the configuration, as an object', async () => {
  await holds({
    cases: 2500 * times,
    async attempt(random, tell) {
      const value = mutateJson(random.pick(valid), random);
      tell(value);
      await resolveConfig(value, {
        projectDirectory: directory,
        missingMembers: random.pick(missing),
      });
    },
  });
});

test('the configuration, as the text of a file', async () => {
  const file = path.join(directory, 'stillpoint.config.json');
  await holds({
    cases: 400 * times,
    async attempt(random, tell) {
      const text = mutateText(JSON.stringify(random.pick(valid), undefined, 2), random);
      tell(text);
      await writeFile(file, text);
      await loadConfig(file);
    },
  });
  await rm(file);
});

test('addresses, from the environment and from .env', async () => {
  const file = path.join(directory, '.env');
  await holds({
    cases: 400 * times,
    hidesAll: true,
    async attempt(random, tell) {
      const text = random.chance(2) ? `${random.text()}\nDATABASE_URL=${url}\n` : url;
      const written = mutateText(text, random);
      tell(written);
      if (text !== url) await writeFile(file, written);
      const variables = text === url ? { DATABASE_URL: written } : {};
      const place = { projectDirectory: directory, variables, source: 'db' };
      const address = await readAddress({ env: 'DATABASE_URL', file: '.env' }, place);
      assert.match(address, /^postgres(ql)?:/);
      const config = await resolveConfig(
        { sources: { db: { driver: 'postgres', url: address } } },
        { projectDirectory: directory },
      );
      assert.equal(config.sources.length, 1);
    },
  });
  await rm(file, { force: true });
});

test('what an address of a Postgres means', async () => {
  const whole = `${url}?sslmode=verify-full&user=u&password=${SECRET}&options=-c%20x%3D1&maintenance=m`;
  assert.ok(!conninfo(sourceAddress(whole), 'd', []).includes(SECRET));
  await holds({
    cases: 5000 * times,
    hidesAll: true,
    attempt(random, tell) {
      const text = mutateText(whole, random);
      tell(text);
      const flaw = flawOf(text);
      assert.ok(flaw === undefined || !flaw.includes(SECRET));
      if (flaw !== undefined) return;
      const suffix = random.chance(2) ? 'cafe0123' : undefined;
      const address = sourceAddress(text, suffix);
      assert.ok(Number.isInteger(address.port) && address.port > 0, String(address.port));
      assert.ok(address.host !== '' && address.user !== '' && address.database !== '');
      assert.ok(Buffer.byteLength(address.database) <= 63);
      const own = sourceAddress(addressForPrograms(text, suffix));
      assert.equal(own.database, address.database, 'programs go where the driver goes');
    },
  });
});

test('durations and sizes', async () => {
  await holds({
    cases: 5000 * times,
    attempt(random, tell) {
      const text = mutateText(
        random.pick(['500ms', '1.5m', '2 h', '512MB', '1.5 GiB', '64k']),
        random,
      );
      tell(text);
      const [ms, bytes] = [parseDuration(text), parseSize(text)];
      assert.ok(ms === undefined || (Number.isFinite(ms) && ms >= 0), String(ms));
      assert.ok(bytes === undefined || (Number.isSafeInteger(bytes) && bytes >= 0), String(bytes));
    },
  });
});

function sealed(id: string, name: string | null): Sealed {
  const manifest = { id, kind: 'snapshot', name, project: { id: 'own' } } as unknown as Manifest;
  return { entry: { id: id as SnapshotId, digest: 'blake3:' as never, bytes: 0 }, manifest };
}

test('REFs and names', async () => {
  const list = [sealed('aaaa11111111', null), sealed('aaaa22222222', 'before-x')];
  await holds({
    cases: 5000 * times,
    attempt(random, tell) {
      const known = ['latest', 'latest~1', 'aaaa', 'aaaa11111111', 'before-x', 'aaaa2'];
      const ref = mutateText(random.pick(known), random);
      tell(ref);
      if (random.chance(2)) checkName(ref, list);
      else assert.ok(list.includes(resolveRef(ref, random.chance(9) ? [] : list, 'own')));
    },
  });
});

test('the same seed gives the same input', () => {
  const once = JSON.stringify(mutateJson(valid[0], randomOf(7)), (_, value) => String(value));
  assert.equal(
    JSON.stringify(mutateJson(valid[0], randomOf(7)), (_, value) => String(value)),
    once,
  );
});
