// What must stay private stays private: Postgres never runs as root, nobody else can read its files, no password or token is in a
// process list, a log, a manifest, a lockfile or anywhere in the vault, and ignored files are captured only if they are named.
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gitReferences } from '../packages/engine/src/federation/index.ts';
import { parseManifest } from '../packages/engine/src/snapshot/index.ts';
import { postgresReferences } from '../packages/engine/src/sources/postgres/index.ts';
import { createDirectoryStore, openVault } from '../packages/engine/src/vault/index.ts';
import { run } from './fixture/command.ts';
import { createProject, type Project } from './fixture/project.ts';

/** Everything that the vault holds, in clear: manifests and the content of all that they name, bases and WAL apart. */
async function vaultContents(project: Project): Promise<Buffer> {
  const store = createDirectoryStore(path.join(project.directory, '.stillpoint', 'vault'));
  await using vault = await openVault(store);
  const contents: Uint8Array[] = [];
  for (const entry of await vault.list()) {
    const bytes = await vault.readManifest(entry);
    contents.push(bytes);
    for (const { driver, record } of parseManifest(entry.id, bytes).sources) {
      const references = driver === 'git' ? gitReferences : postgresReferences;
      for await (const ref of references(record, vault)) contents.push(await vault.readBytes(ref));
    }
  }
  return Buffer.concat(contents);
}

async function textBelow(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = files.map((file) => readFile(path.join(file.parentPath, file.name), 'latin1'));
  return (await Promise.all(texts)).join('\n');
}

let project: Project;

before(async () => {
  project = await createProject({ extensions: [] });
  await project.stillpoint(['db', 'start']);
});

after(async () => {
  await project[Symbol.asyncDispose]();
});

test('passwords and tokens are in no process list, log, manifest, lockfile or journal', async () => {
  const token = 'ghp_tokenthatmustnotleak';
  await project.git('.', 'remote', 'add', 'origin', `https://me:${token}@example.com/core.git`);
  const url = new URL((await project.stillpoint(['db', 'url'])).stdout.trim());
  assert.ok(url.password.length >= 32, 'a long random password');

  const { stdout, stderr } = await project.stillpoint(['snapshot', '--name', 'first', '--json']);
  const restored = await project.stillpoint(['restore', 'first', '--yes', '--json']);
  const processes = await run('ps', ['-e', '-ww', '-o', 'args'], { cwd: '/' });
  const status = await project.stillpoint(['db', 'status', '--json']);
  const { dataDirectory } = JSON.parse(status.stdout) as { dataDirectory: string };
  const logs = await textBelow(path.resolve(dataDirectory, '..', '..', '..', 'log'));
  const lockfile = await readFile(
    path.join(project.directory, '.stillpoint', 'stillpoint.lock'),
    'utf8',
  );
  const vault = (await vaultContents(project)).toString('latin1');
  for (const secret of [url.password, token]) {
    const places = {
      processes,
      logs,
      lockfile,
      vault,
      stdout,
      stderr,
      restored: restored.stdout + restored.stderr,
    };
    for (const [place, text] of Object.entries(places)) {
      assert.ok(
        !text.includes(secret),
        `${secret === token ? 'a token' : 'a password'} in ${place}`,
      );
    }
  }
  assert.match(lockfile, /https:\/\/example\.com\/core\.git/, 'the remote itself is named');
});

test('Postgres does not run as root, and its directory and socket are private', async () => {
  const { stdout } = await project.stillpoint(['db', 'status', '--json']);
  const status = JSON.parse(stdout) as {
    pid: number;
    dataDirectory: string;
    socketDirectory: string;
  };
  const { uid } = await stat(`/proc/${status.pid}`);
  assert.notEqual(uid, 0);
  for (const directory of [status.dataDirectory, status.socketDirectory]) {
    const { mode, uid: owner } = await stat(directory);
    assert.equal(mode & 0o077, 0, `${directory} is open to others`);
    assert.equal(owner, uid);
  }
  const state = await stat(path.join(project.directory, '.stillpoint'));
  assert.equal(state.mode & 0o077, 0);
});

test('.env and ignored files are captured only if they are named', async () => {
  const secret = 'SECRET_OF_THE_ENV_FILE';
  await using unnamed = await createProject({ extensions: [], database: false });
  await writeFile(path.join(unnamed.directory, '.env'), secret);
  await unnamed.stillpoint(['snapshot']);
  assert.ok(!(await vaultContents(unnamed)).includes(secret));

  const members = [{ path: '.', include: ['.env'] }];
  await using named = await createProject({ extensions: [], database: false, config: { members } });
  const file = path.join(named.directory, '.env');
  await writeFile(file, secret);
  await named.stillpoint(['snapshot', '--name', 'with-env']);
  await writeFile(file, 'changed');
  await named.stillpoint(['restore', 'with-env', '--yes']);
  assert.equal(await readFile(file, 'utf8'), secret);
});
