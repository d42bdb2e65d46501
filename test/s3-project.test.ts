// A project whose vault is on S3, as a user has it: set up by the guide, through the command, on a real server.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { newSnapshotId } from '@stillpoint/core';
import {
  createDirectoryStore,
  createRetryingStore,
  createVault,
  openVault,
} from '../packages/engine/src/vault/index.ts';
import { startS3ServerIfPossible } from '../tools/s3-server/index.ts';
import { createProject, openProject, type Project } from './fixture/project.ts';
import { KNOWING_S3_HOST, S3_HOST } from './fixture/s3-host.ts';
import { BUCKET, holdBuckets, PREFIX } from './fixture/s3.ts';
import { beginWithSmallKey } from './fixture/small-key.ts';

const server = await startS3ServerIfPossible();

describe('a vault on S3', { skip: typeof server === 'string' && server }, () => {
  if (typeof server === 'string') return;
  const s3 = holdBuckets(server);
  let scratch: string;
  const passphrase = 'the passphrase of a test';
  const { guest, endpoint } = server;
  const credentials = {
    AWS_ACCESS_KEY_ID: guest.accessKeyId,
    AWS_SECRET_ACCESS_KEY: guest.secretAccessKey,
  };
  const urlOf = (name: string): string => `s3://${BUCKET}/${PREFIX}/${name}?endpoint=${endpoint}`;

  before(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'stillpoint-s3-'));
    await writeFile(path.join(scratch, 'key'), `${passphrase}\n`, { mode: 0o600 });
  });
  after(async () => {
    await rm(scratch, { recursive: true, force: true });
  });

  /** No profile, no role, no network of a cloud: only what the test says. */
  const alone = (): Record<string, string> => ({
    HOME: scratch,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: path.join(scratch, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: path.join(scratch, 'none'),
  });

  const sources = { notes: { driver: 'files', path: 'notes' } };
  const project = (vault: unknown, config: Record<string, unknown> = {}): Promise<Project> =>
    createProject({
      database: false,
      extensions: [],
      config: { sources, vault, ...config },
    });

  async function note(directory: string, text: string): Promise<void> {
    await mkdir(path.join(directory, 'notes'), { recursive: true });
    await writeFile(path.join(directory, 'notes', 'note.txt'), text);
  }

  test('is filled, listed, verified and restored, also on a machine that has nothing', async () => {
    const encryption = { passphrase: { file: path.join(scratch, 'key') } };
    const vault = { url: urlOf('whole'), encryption };
    await beginWithSmallKey(s3.buckets.store('whole'), passphrase);
    await using first = await project(vault);
    const env = { ...alone(), ...credentials };
    await note(first.directory, 'first');
    const taken = await first.json<{ id: string }>(['snapshot'], { env });
    await note(first.directory, 'second');
    await first.stillpoint(['snapshot'], { env });
    assert.equal((await first.json<unknown[]>(['list'], { env })).length, 2);
    await first.stillpoint(['verify', '--deep'], { env });
    await first.stillpoint(['restore', taken.id, '--yes'], { env });
    assert.equal(await readFile(path.join(first.directory, 'notes', 'note.txt'), 'utf8'), 'first');
    const looked = await first.stillpoint(['doctor'], { env });
    assert.match(looked.stdout, /s3:\/\/acme-backups\/shop\/whole.*, which answers/);

    // The other machine: the vault's address and its key, and nothing else. The rest is in the snapshot.
    const into = path.join(scratch, 'restored');
    const key = ['--passphrase-file', path.join(scratch, 'key')];
    const from = ['--from', vault.url, ...key, '--into', into];
    await first.stillpoint(['restore', taken.id, ...from], { env, cwd: scratch });
    assert.equal((await openProject(into).json<unknown[]>(['list'], { env })).length, 3);
    assert.equal(await readFile(path.join(into, 'notes', 'note.txt'), 'utf8'), 'first');
    assert.equal(await readFile(path.join(into, 'README.md'), 'utf8'), 'core\n');

    // Nobody reads a word of it without the key.
    const store = s3.buckets.store('whole');
    for await (const { key } of store.list('')) {
      const content = Buffer.from(await store.get(key));
      assert.equal(content.includes('second'), false, key);
    }
    await store.close();
  });

  test('may have its bucket in the name of the host', async () => {
    const host = `http://${S3_HOST}:${server.port}`;
    const url = `${urlOf('virtual').replace(endpoint, host)}&pathStyle=0`;
    await using one = await project({ url, encryption: 'none' });
    const env = { ...alone(), ...credentials, NODE_OPTIONS: KNOWING_S3_HOST };
    await note(one.directory, 'first');
    const { id } = await one.json<{ id: string }>(['snapshot'], { env });
    await note(one.directory, 'second');
    await one.stillpoint(['restore', id, '--yes'], { env });
    assert.equal(await readFile(path.join(one.directory, 'notes', 'note.txt'), 'utf8'), 'first');
    const there = await Array.fromAsync(s3.buckets.store('virtual').list('snapshots/'));
    assert.equal(there.length, 2, 'and the undo point');
  });

  test('wants to be told how it is encrypted, before anything is made', async () => {
    await using one = await project(urlOf('unsaid'));
    await note(one.directory, 'first');
    const env = { ...alone(), ...credentials };
    const refused = await one.stillpoint(['snapshot', '--json'], { env, exit: 2 });
    assert.match(refused.stdout + refused.stderr, /VAULT_ENCRYPTION_REQUIRED/);
    assert.deepEqual(await Array.fromAsync(s3.buckets.store('unsaid').list('')), []);
  });

  const wrong: readonly (readonly [string, () => Record<string, string>, string])[] = [
    ['no credentials', () => ({}), 'S3_CREDENTIALS_MISSING'],
    [
      'a wrong secret',
      () => ({ ...credentials, AWS_SECRET_ACCESS_KEY: 'wrong' }),
      'S3_CREDENTIALS_WRONG',
    ],
  ];
  for (const [what, variables, code] of wrong) {
    test(`with ${what} a snapshot fails before anything is held still: ${code}`, async () => {
      const marker = path.join(scratch, `held-${code}`);
      const participants = [
        { kind: 'command', name: 'app', suspend: `touch ${marker}`, resume: 'true' },
      ];
      const vault = { url: urlOf('refused'), encryption: 'none' };
      await using one = await project(vault, { participants });
      await note(one.directory, 'first');
      const env = { ...alone(), ...variables() };
      const failed = await one.stillpoint(['snapshot', '--json'], { env, exit: 1 });
      assert.match(failed.stdout + failed.stderr, new RegExp(code));
      assert.doesNotMatch(failed.stdout + failed.stderr, /secretkey/);
      assert.equal(existsSync(marker), false);
    });
  }

  test('is a copy of a vault on disk, and the disk can be filled from it again', async () => {
    const near = path.join(scratch, 'near');
    await using one = await project(near);
    await note(one.directory, 'first');
    const env = { ...alone(), ...credentials };
    const { id } = await one.json<{ id: string }>(['snapshot'], { env });
    const key = path.join(scratch, 'key');
    const far = urlOf('copy');
    await one.stillpoint(['vault', 'init', far, '--passphrase-file', key], { env });
    await one.stillpoint(['vault', 'copy', far, '--passphrase-file', key], { env });
    const back = path.join(scratch, 'back');
    await one.stillpoint(['vault', 'init', back], { env });
    const fromFar = ['vault', 'copy', far, back, '--from-passphrase-file', key];
    await one.stillpoint(fromFar, { env });
    await using vault = await openVault(createDirectoryStore(back));
    assert.deepEqual(
      (await vault.list()).map((entry) => entry.id),
      [id],
    );
    await rm(near, { recursive: true });
    await rename(back, near);
    // It has another id, and the project expects its own: a new project over the same directory takes it.
    await rm(path.join(one.directory, '.stillpoint'), { recursive: true });
    await one.stillpoint(['verify', '--deep'], { env });
  });

  test('its indexes are fetched once, also by whoever opens it without a project', async () => {
    await using one = await project(path.join(scratch, 'kept'));
    await note(one.directory, 'first');
    await one.stillpoint(['snapshot']);
    const env = { ...alone(), ...credentials };
    const through = urlOf('cached').replace(endpoint, s3.proxy.endpoint);
    await one.stillpoint(['vault', 'init', through, '--unencrypted'], { env });
    await one.stillpoint(['vault', 'copy', through], { env });
    const cache = path.join(scratch, '.cache', 'stillpoint', 'vaults');
    const fetched = async (): Promise<number> => {
      s3.proxy.follow(() => 'pass');
      await one.stillpoint(['vault', 'stats', '--vault', through], { env });
      return s3.proxy.requests.filter(
        ({ method, url }) => method === 'GET' && /\/index\/[0-9a-f]{64}/.test(url),
      ).length;
    };
    assert.deepEqual([await fetched(), await fetched()], [1, 0]);
    await rm(cache, { recursive: true });
    assert.equal(await fetched(), 1, 'it may be deleted at any time');
  });

  test('of several that begin it at once all have the same one', async () => {
    const vaults = await Promise.all(
      Array.from({ length: 5 }, () => createVault(createRetryingStore(s3.buckets.store('begun')))),
    );
    assert.equal(new Set(vaults.map(({ id }) => id)).size, 1);
    const [vault] = vaults;
    assert.ok(vault !== undefined);
    const id = newSnapshotId();
    const never = new AbortController().signal;
    await using session = await vault.openSession({ signal: never });
    await session.sink().writeBytes(Buffer.alloc(100_000, 'x'));
    const entry = await session.seal(id, Buffer.from('{}'));
    await using other = await openVault(createRetryingStore(s3.buckets.store('begun')));
    assert.deepEqual(await other.list(), [entry]);
    for (const one of vaults) await one[Symbol.asyncDispose]();
  });
});
