// Bad input gets a clear error: its own code, a hint, the exit status of the catalogue, and nothing changed. All through the
// real command. (Wrong Postgres majors and full disks in the middle of writing are tested beside their rooms.)
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  canonicalBytes,
  catalogue,
  type ErrorCode,
  type Json,
  type SnapshotId,
} from '@stillpoint/core';
import { createDirectoryStore, openVault } from '../packages/engine/src/vault/index.ts';
import { run } from './fixture/command.ts';
import { createProject, type Project, type ProjectOptions } from './fixture/project.ts';

const small: ProjectOptions = { extensions: [], database: false };

/** The command fails with this code, says what to do, and exits as the catalogue promises. */
async function refuses(
  project: Project,
  args: readonly string[],
  code: ErrorCode,
  cwd = project.directory,
): Promise<string> {
  const { stderr } = await project.stillpoint(args, { exit: catalogue[code].exit, cwd });
  assert.match(stderr, new RegExp(`stillpoint: ${code}: `), stderr);
  const afterCode = stderr.slice(stderr.indexOf(code)).split('\n');
  assert.match(afterCode[1] ?? '', /^ {2}\S/, `a hint below the message: ${stderr}`);
  return stderr;
}

async function withTemporary(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-bad-'));
  try {
    await body(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function vaultOf(project: Project): string {
  return path.join(project.directory, '.stillpoint', 'vault');
}

async function onlyFile(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const [file] = entries.filter((entry) => entry.isFile());
  return path.join(file!.parentPath, file!.name);
}

test('no configuration', async () => {
  await using project = await createProject(small);
  await withTemporary(async (elsewhere) => {
    await refuses(project, ['snapshot'], 'CONFIG_MISSING', elsewhere);
  });
});

for (const [what, config, code, named] of [
  ['an unknown key', { sorces: {} }, 'CONFIG_UNKNOWN_KEY', /sorces.*sources/s],
  ['a wrong type', { freeze: { budget: 'soon' } }, 'CONFIG_INVALID', /freeze\.budget/],
  ['a missing repository', { members: ['gone'] }, 'MEMBER_MISSING', /gone/],
  [
    'a path outside of the project',
    { members: ['../elsewhere'] },
    'MEMBER_OUTSIDE_PROJECT',
    /elsewhere/,
  ],
  ['nothing to capture', { members: [] }, 'NOTHING_TO_CAPTURE', /members/],
] as const) {
  test(what, async () => {
    await using project = await createProject(small);
    await writeFile(path.join(project.directory, 'stillpoint.config.json'), JSON.stringify(config));
    assert.match(await refuses(project, ['snapshot'], code), named);
  });
}

test('a member that a symbolic link leads out of the project', async () => {
  await using project = await createProject(small);
  await withTemporary(async (elsewhere) => {
    await symlink(elsewhere, path.join(project.directory, 'way-out'));
    const config = path.join(project.directory, 'stillpoint.config.json');
    await writeFile(config, JSON.stringify({ members: ['way-out'] }));
    await refuses(project, ['snapshot'], 'MEMBER_OUTSIDE_PROJECT');
  });
});

test('a REF that nothing has, a name that is taken, a name that cannot be one', async () => {
  await using project = await createProject(small);
  await refuses(project, ['restore', 'latest', '--yes'], 'VAULT_EMPTY');
  await project.stillpoint(['snapshot', '--name', 'first']);
  await refuses(project, ['restore', 'nothing', '--yes'], 'REF_UNKNOWN');
  await refuses(project, ['show', 'latest~7'], 'REF_UNKNOWN');
  await refuses(project, ['snapshot', '--name', 'first'], 'NAME_TAKEN');
  await refuses(project, ['snapshot', '--name', 'latest'], 'NAME_INVALID');
  await refuses(project, ['undo', '--yes'], 'NOTHING_TO_UNDO');
  await refuses(project, ['restore', 'first'], 'CONFIRMATION_NEEDED');
});

test('a REF that begins the ids of several snapshots', async () => {
  await using project = await createProject(small);
  await project.stillpoint(['snapshot']);
  await using vault = await openVault(createDirectoryStore(vaultOf(project)));
  const [entry] = await vault.list();
  const other = `${entry!.id.slice(0, 4)}00000000` as SnapshotId;
  const text = Buffer.from(await vault.readManifest(entry!)).toString();
  const manifest = JSON.parse(text) as Record<string, Json>;
  await using session = await vault.openSession({ signal: new AbortController().signal });
  await session.seal(other, canonicalBytes({ ...manifest, id: other }));
  const said = await refuses(project, ['show', other.slice(0, 4)], 'REF_AMBIGUOUS');
  for (const id of [entry!.id, other]) assert.ok(said.includes(id), said);
});

test('a chunk with one flipped bit: found by verify, refused by restore, nothing changed', async () => {
  await using project = await createProject(small);
  await project.stillpoint(['snapshot', '--name', 'first']);
  const pack = await onlyFile(path.join(vaultOf(project), 'packs'));
  const bytes = await readFile(pack);
  // Behind the header of 48 bytes, in the first chunk.
  bytes[60]! ^= 1;
  await rm(pack);
  await writeFile(pack, bytes);
  const before = await project.git('.', 'log', '--format=%H');
  const { stdout } = await project.stillpoint(['verify', '--deep', '--json'], { exit: 13 });
  assert.match(stdout, /packs\//);
  const { stderr } = await project.stillpoint(['restore', 'first', '--yes'], { exit: 13 });
  assert.match(stderr, /CHUNK_DAMAGED/);
  assert.equal(await project.git('.', 'log', '--format=%H'), before);
});

test('a truncated manifest: listed as damaged, the others go on', async () => {
  await using project = await createProject(small);
  await project.stillpoint(['snapshot', '--name', 'first']);
  const manifest = await onlyFile(path.join(vaultOf(project), 'snapshots'));
  await truncate(manifest, 100);
  assert.match((await project.stillpoint(['list'])).stdout, /MANIFEST_DAMAGED/);
  await project.stillpoint(['verify'], { exit: 13 });
  await project.stillpoint(['snapshot', '--name', 'second']);
  await project.stillpoint(['restore', 'second', '--yes']);
});

test('a vault of a newer format', async () => {
  await using project = await createProject(small);
  await project.stillpoint(['snapshot']);
  const file = path.join(vaultOf(project), 'vault.json');
  const description = JSON.parse(await readFile(file, 'utf8')) as object;
  await rm(file);
  await writeFile(file, JSON.stringify({ ...description, format: 99 }));
  await refuses(project, ['snapshot'], 'VAULT_TOO_NEW');
});

test('another vault in the place of the one that was used', async () => {
  await using project = await createProject(small);
  await project.stillpoint(['snapshot']);
  await rm(vaultOf(project), { recursive: true });
  await refuses(project, ['snapshot'], 'VAULT_MISSING');
});

test('a port that somebody else has', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const config = { sources: { db: { driver: 'postgres', port: address.port } } };
  await using project = await createProject({ extensions: [], config });
  assert.match(
    await refuses(project, ['db', 'start'], 'PORT_TAKEN'),
    new RegExp(String(address.port)),
  );
  server.close();
});

test('a copied project directory', async () => {
  await using project = await createProject(small);
  await project.stillpoint(['snapshot']);
  await withTemporary(async (elsewhere) => {
    const copy = path.join(elsewhere, 'copy');
    await cp(project.directory, copy, { recursive: true });
    await refuses(project, ['snapshot'], 'PROJECT_COPIED', copy);
  });
});

async function onTmpfs(t: TestContext, body: (directory: string) => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) {
    t.skip('mounting a small file system needs root');
    return;
  }
  await withTemporary(async (directory) => {
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', directory], { cwd: '/' });
    } catch (error) {
      t.skip(`no tmpfs can be mounted here: ${(error as Error).message}`);
      return;
    }
    try {
      await body(directory);
    } finally {
      await run('umount', ['-l', directory], { cwd: '/' });
    }
  });
}

test('a disk that is too small: for the snapshot, before anything is paused', async (t) => {
  await onTmpfs(t, async (disk) => {
    await using project = await createProject({
      ...small,
      config: { vault: path.join(disk, 'vault') },
    });
    await writeFile(path.join(project.directory, 'big.bin'), Buffer.alloc(80_000_000, 'x'));
    await refuses(project, ['snapshot'], 'NO_SPACE');
    assert.deepEqual(await project.json(['list']), []);
  });
});

test('a disk that is too small: for the restore, which leaves all as it was', async (t) => {
  await onTmpfs(t, async (disk) => {
    await using project = await createProject(small);
    const big = path.join(project.directory, 'big.bin');
    await writeFile(big, Buffer.alloc(80_000_000, 'x'));
    await project.stillpoint(['snapshot', '--name', 'big']);
    const copy = path.join(disk, 'copy');
    await refuses(project, ['restore', 'big', '--into', copy, '--yes'], 'NO_SPACE');
    assert.deepEqual(await readdir(copy), [], 'what was begun there is cleared away');
  });
});

test('a read-only vault', async (t) => {
  await onTmpfs(t, async (disk) => {
    await using project = await createProject({
      ...small,
      config: { vault: path.join(disk, 'vault') },
    });
    await project.stillpoint(['snapshot', '--name', 'first']);
    await run('mount', ['-o', 'remount,ro', disk], { cwd: '/' });
    await refuses(project, ['snapshot'], 'VAULT_READ_ONLY');
    await project.stillpoint(['restore', 'first', '--yes'], {
      exit: catalogue.VAULT_READ_ONLY.exit,
    });
    await project.stillpoint(['verify', '--deep']);
  });
});

test('a Node that is too old, and no newer one beside', async (t) => {
  const old = await oldNode();
  if (old === undefined) {
    t.skip('no Node older than 24.15 is installed here');
    return;
  }
  await withTemporary(async (directory) => {
    const bin = fileURLToPath(new URL('../packages/stillpoint/bin', import.meta.url));
    await cp(bin, path.join(directory, 'bin'), { recursive: true });
    await writeFile(path.join(directory, 'package.json'), '{"type":"module"}');
    await mkdir(path.join(directory, 'empty'));
    const running = promisify(execFile)(
      old,
      [path.join(directory, 'bin', 'stillpoint.js'), 'list'],
      {
        cwd: path.join(directory, 'empty'),
      },
    );
    await assert.rejects(running, (error: { code: number; stderr: string }) => {
      assert.equal(error.code, catalogue.NODE_TOO_OLD.exit);
      assert.match(error.stderr, /NODE_TOO_OLD.*\n {2}Install/);
      return true;
    });
  });
});

async function oldNode(): Promise<string | undefined> {
  for (const candidate of ['/usr/bin/node', '/usr/local/bin/node']) {
    try {
      const { stdout } = await promisify(execFile)(candidate, ['--version']);
      if (/^v(?:1\d|2[0-3])\./.test(stdout)) return candidate;
    } catch {
      // Not there.
    }
  }
  return undefined;
}
