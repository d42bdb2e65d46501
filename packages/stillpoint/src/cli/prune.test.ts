// forget by rules and prune, as the command: what goes, what stays and why, and that space comes back.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { PruneReport, RetainResult, SnapshotSummary } from '@stillpoint/engine';
import { inProcess, type Ran } from './testing/run.ts';

const FILE_BYTES = 400_000;

interface Project {
  readonly directory: string;
  run(...args: string[]): Promise<Ran>;
  /** Exits with 0 and prints this. */
  json<T>(...args: string[]): Promise<T>;
  snapshot(name: string): Promise<SnapshotSummary>;
  vaultBytes(): Promise<number>;
}

/** Each snapshot holds other random bytes. */
async function makeProject(t: TestContext, more: object = {}): Promise<Project> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-prune-test-')));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const config = { sources: { data: { driver: 'files', path: 'data' } }, ...more };
  await writeFile(path.join(directory, 'stillpoint.config.json'), JSON.stringify(config));
  await mkdir(path.join(directory, 'data'));
  const run = (...args: string[]): Promise<Ran> => inProcess(args, { cwd: directory });
  const json = async <T>(...args: string[]): Promise<T> => {
    const { status, stdout, stderr } = await run(...args, '--json');
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as T;
  };
  return {
    directory,
    run,
    json,
    async snapshot(name) {
      await writeFile(path.join(directory, 'data', 'file'), randomBytes(FILE_BYTES));
      return await json('snapshot', '--name', name);
    },
    async vaultBytes() {
      const packs = path.join(directory, '.stillpoint', 'vault', 'packs');
      const names = await readdir(packs, { recursive: true });
      const found = await Promise.all(names.map((name) => stat(path.join(packs, name))));
      return found.reduce((sum, one) => sum + (one.isFile() ? one.size : 0), 0);
    },
  };
}

test('forget by rules says why what stays stays, and prune gives the space back', async (t) => {
  const project = await makeProject(t);
  for (const name of ['a', 'b', 'c']) await project.snapshot(name);
  const before = await project.vaultBytes();
  await project.run('hold', 'a');

  const shown = await project.run('forget', '--keep-last', '1', '--dry-run');
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /\ba\b.*keep +held/);
  assert.match(shown.stdout, /\bb\b.*forget +no rule keeps it/);
  assert.match(shown.stdout, /\bc\b.*keep +last/);
  const planned = await project.json<RetainResult>('forget', '--keep-last', '1', '--dry-run');
  assert.deepEqual(
    planned.kept.map(({ snapshot, reasons }) => [snapshot.name, ...reasons]),
    [
      ['a', 'held'],
      ['c', 'last'],
    ],
  );
  assert.equal((await project.run('forget', '--keep-last', '1')).status, 2, 'nobody confirms');
  const done = await project.json<RetainResult>('forget', '--keep-last', '1', '--yes');
  assert.deepEqual([done.done, done.forgotten.map(({ name }) => name)], [true, ['b']]);
  assert.equal(await project.vaultBytes(), before);

  const plan = await project.json<{ prune: PruneReport }>('prune', '--dry-run');
  assert.ok(plan.prune.deletedBytes >= FILE_BYTES && !plan.prune.done);
  const refused = await project.run('prune');
  assert.match(refused.stderr, /PRUNE_NEEDS_YES/);
  const { prune } = await project.json<{ prune: PruneReport }>('prune', '--yes');
  assert.ok(prune.done && prune.waitingPacks === 0);
  assert.ok((await project.vaultBytes()) <= before - FILE_BYTES);
  assert.equal((await project.run('verify', '--deep')).status, 0);
  const again = await project.run('prune');
  assert.match(again.stdout, /Deleted 0 packs/, 'nothing to ask about');
});

test('the rules of the configuration are applied before, and shown', async (t) => {
  const project = await makeProject(t, { retention: { last: 1, within: '1h' } });
  for (const name of ['a', 'b']) await project.snapshot(name);
  const within = await project.json<{ retention: RetainResult }>('prune', '--dry-run');
  assert.deepEqual(within.retention.forgotten, []);

  const config = path.join(project.directory, 'stillpoint.config.json');
  const sources = { data: { driver: 'files', path: 'data' } };
  await writeFile(config, JSON.stringify({ sources, retention: { last: 1 } }));
  const shown = await project.run('prune', '--dry-run');
  assert.match(shown.stdout, /\ba\b.*forget/);
  assert.match(shown.stdout, /packs? would be deleted.*: about \d+ kB freed/);
  const before = await project.vaultBytes();
  const done = await project.run('prune', '--yes');
  assert.match(done.stdout, /Forgot 1 snapshot\. Deleted \d+ packs?: \d+ kB freed\./);
  assert.ok((await project.vaultBytes()) <= before - FILE_BYTES);
  const left = await project.json<readonly SnapshotSummary[]>('list');
  assert.deepEqual(
    left.map(({ name }) => name),
    ['b'],
  );
});

test('a writer on another machine is waited for until a person ends its session', async (t) => {
  const project = await makeProject(t);
  for (const name of ['a', 'b']) await project.snapshot(name);
  await project.run('forget', 'a', '--yes');
  const id = randomUUID();
  const sessions = path.join(project.directory, '.stillpoint', 'vault', 'sessions');
  await mkdir(sessions, { recursive: true });
  const session = {
    openedAt: '2026-01-01T00:00:00.000Z',
    user: 'ann',
    machine: { host: 'elsewhere', installation: 'x', processes: 'y' },
    process: { pid: 42, startedAt: '1', boot: 'z' },
  };
  await writeFile(path.join(sessions, id), JSON.stringify(session));
  const waiting = await project.run('prune', '--yes');
  assert.match(waiting.stdout, /Deleted 0 packs/);
  assert.match(waiting.stderr, /1 pack.*wait until those have ended who write now/);
  assert.match(waiting.stderr, new RegExp(`${id}  ann@elsewhere, process 42, \\d+ days ago`));
  assert.equal((await project.run('prune', '--end-session', id)).status, 2);
  assert.match((await project.run('prune', '--end-session', id, '--yes')).stdout, /is ended/);
  assert.match(
    (await project.run('prune', '--end-session', id, '--yes')).stderr,
    /SESSION_UNKNOWN/,
  );
  const { prune } = await project.json<{ prune: PruneReport }>('prune', '--yes');
  assert.ok(prune.deletedBytes >= FILE_BYTES);
});

test('what cannot be meant is refused', async (t) => {
  const project = await makeProject(t);
  for (const args of [
    ['forget'],
    ['forget', 'a', '--keep-last', '1'],
    ['forget', '--keep-last', '0'],
    ['forget', '--keep-last', 'x'],
    ['forget', '--keep-within', '14'],
    ['prune', '--repack', '130%'],
    ['prune', '--repack', 'much'],
  ]) {
    const { status, stderr } = await project.run(...args);
    assert.equal(status, 2, `${args.join(' ')}: ${stderr}`);
  }
});
