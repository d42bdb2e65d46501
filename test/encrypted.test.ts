// A project whose vault is encrypted, through the command: made with the passphrase that the configuration names, restored with it here and
// in an empty directory, and closed to whoever does not have it.
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { canonicalJson } from '../packages/core/src/index.ts';
import { createDirectoryStore } from '../packages/engine/src/vault/index.ts';
import { createProject, openProject, type Project } from './fixture/project.ts';
import { beginWithSmallKey } from './fixture/small-key.ts';

const passphrase = 'nobody guesses this one';

interface ErrorReport {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

async function configure(project: Project, vault: unknown): Promise<void> {
  const file = path.join(project.directory, 'stillpoint.config.json');
  await writeFile(file, canonicalJson({ members: ['.'], vault }));
}

const byVariable = { passphrase: { env: 'SHOP_KEY' } };
const env = { SHOP_KEY: passphrase };

async function encrypted(): Promise<Project> {
  const project = await createProject({
    extensions: [],
    database: false,
    config: { members: ['.'], vault: { url: '.stillpoint/kept', encryption: byVariable } },
  });
  return project;
}

/** The same, and the vault is there: nothing in it yet, and quick to open. */
async function begun(): Promise<Project> {
  const project = await encrypted();
  const kept = createDirectoryStore(path.join(project.directory, '.stillpoint', 'kept'));
  await beginWithSmallKey(kept, passphrase);
  return project;
}

async function refused(
  project: Project,
  args: readonly string[],
  code: string,
  variables: Readonly<Record<string, string>> = {},
  exit = 1,
): Promise<string> {
  const { stdout, stderr } = await project.stillpoint([...args, '--json'], {
    exit,
    env: variables,
  });
  const { error } = JSON.parse(stdout === '' ? stderr : stdout) as ErrorReport;
  assert.equal(error.code, code, error.message);
  assert.equal(`${stdout}${stderr}`.includes(passphrase), false);
  return error.message;
}

test('snapshot, verify and restore with the passphrase; without it nothing, and nothing to see', async () => {
  await using project = await encrypted();
  const file = path.join(project.directory, 'counter.txt');
  await writeFile(file, 'the only copy of their work\n');
  await project.stillpoint(['snapshot', '--name', 'first'], { env });
  await writeFile(file, 'lost\n');

  await refused(project, ['list'], 'VAULT_KEY_UNREADABLE');
  await refused(project, ['list'], 'VAULT_KEY_SHORT', { SHOP_KEY: 'guess' });
  await refused(project, ['restore', 'first', '--yes'], 'VAULT_KEY_WRONG', {
    SHOP_KEY: 'somebody guesses another',
  });
  await project.stillpoint(['verify', '--deep'], { env });
  await project.stillpoint(['restore', 'first', '--yes'], { env });
  assert.equal(await readFile(file, 'utf8'), 'the only copy of their work\n');

  const vault = path.join(project.directory, '.stillpoint', 'kept');
  const entries = await readdir(vault, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const stored = await readFile(path.join(entry.parentPath, entry.name), 'latin1');
    for (const word of ['only copy', 'counter.txt', 'first', passphrase]) {
      assert.equal(stored.includes(word), false, `${entry.name}: ${word}`);
    }
  }
});

test('a copy in an empty directory opens the shared vault by itself afterwards', async () => {
  await using project = await begun();
  await project.stillpoint(['snapshot', '--name', 'first'], { env });
  const into = `${project.directory}-copy`;
  await using copy = openProject(into);
  await project.stillpoint(['restore', 'first', '--into', into, '--yes'], { env });
  await copy.stillpoint(['show', 'first'], { env });
});

test('the vault decides what it is: a configuration that says otherwise is refused', async () => {
  await using project = await begun();
  await project.stillpoint(['snapshot'], { env });
  await configure(project, { url: '.stillpoint/kept', encryption: 'none' });
  await refused(project, ['list'], 'VAULT_KEY_NEEDED', env);
  await configure(project, '.stillpoint/kept');
  const message = await refused(project, ['snapshot'], 'VAULT_KEY_NEEDED', env);
  assert.match(message, /is encrypted/);

  await rm(path.join(project.directory, '.stillpoint'), { recursive: true });
  await project.stillpoint(['snapshot'], { env });
  await configure(project, { url: '.stillpoint/kept', encryption: byVariable });
  await refused(project, ['list'], 'VAULT_ENCRYPTION_DIFFERS', env);
});

test('a passphrase from a command, and a file that others may read is told', async () => {
  await using project = await begun();
  const file = path.join(project.directory, '.stillpoint-key');
  await writeFile(file, `${passphrase}\n`, { mode: 0o644 });
  const encryption = { passphrase: { file: '.stillpoint-key' } };
  await configure(project, { url: '.stillpoint/kept', encryption });
  const { stderr } = await project.stillpoint(['snapshot']);
  assert.match(stderr, /has mode 0644/);
  const command = { passphrase: { command: ['cat', '.stillpoint-key'] } };
  await configure(project, { url: '.stillpoint/kept', encryption: command });
  const said = await project.stillpoint(['list']);
  assert.equal(said.stderr.includes('mode'), false);
});
