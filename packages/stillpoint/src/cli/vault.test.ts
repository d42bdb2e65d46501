// stillpoint vault ...: a project with a copy, an export, damage and its repair, keys: through the command, as a person does it.
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { widthOf } from '../output/style.ts';
import { inProcess, type HostOptions, type Ran } from './testing/run.ts';

interface Stage {
  readonly directory: string;
  readonly project: string;
  readonly run: (args: readonly string[], options?: Partial<HostOptions>) => Promise<Ran>;
  json<T>(...args: readonly string[]): Promise<T>;
  refused(code: string, ...args: readonly string[]): Promise<Ran>;
}

async function makeStage(t: TestContext, more: object = {}): Promise<Stage> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-vault-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const project = path.join(directory, 'project');
  await mkdir(path.join(project, 'uploads'), { recursive: true });
  const config = { sources: { uploads: { driver: 'files', path: 'uploads' } }, ...more };
  await writeFile(path.join(project, 'stillpoint.config.json'), JSON.stringify(config));
  const run: Stage['run'] = (args, options = {}) => inProcess(args, { cwd: project, ...options });
  return {
    directory,
    project,
    run,
    async json<T>(...args: readonly string[]) {
      const ran = await run(['--json', ...args]);
      assert.equal(ran.status, 0, ran.stderr);
      return JSON.parse(ran.stdout) as T;
    },
    async refused(code, ...args) {
      const ran = await run(['--json', ...args]);
      assert.equal((JSON.parse(ran.stderr.trim().split('\n').at(-1)!) as Refusal).error.code, code);
      return ran;
    },
  };
}

interface Refusal {
  readonly error: { readonly code: string };
}

async function takeTwo({ project, run }: Stage): Promise<void> {
  await writeFile(path.join(project, 'uploads', 'one.png'), 'p'.repeat(5_000));
  assert.equal((await run(['snapshot', '--name', 'first'])).status, 0);
  await writeFile(path.join(project, 'uploads', 'two.png'), 'q'.repeat(9_000));
  assert.equal((await run(['snapshot', '--name', 'second'])).status, 0);
}

const secret = 'a passphrase of more than sixteen bytes';

async function writeKey(file: string, content = secret): Promise<string> {
  await writeFile(file, `${content}\n`);
  await chmod(file, 0o600);
  return file;
}

test('copies that the configuration names are begun, filled, counted and kept up to date', async (t) => {
  const stage = await makeStage(t, { copies: ['../far', '../farther'] });
  await takeTwo(stage);
  await stage.refused('VAULT_MISSING', 'vault', 'copy');
  for (const place of ['../far', '../farther']) {
    const { encryption } = await stage.json<{ encryption: string }>('vault', 'init', place);
    assert.equal(encryption, 'none');
  }
  const behind = await stage.run(['list'], { columns: 120 });
  assert.match(behind.stderr, /far is 2 snapshots behind/);
  assert.match((await stage.run(['doctor'])).stdout, /2 snapshots behind/);
  const results = await stage.json<{ copied: unknown[] }[]>('vault', 'copy');
  assert.deepEqual(
    results.map(({ copied }) => copied.length),
    [2, 2],
  );
  const { stdout } = await stage.run(['vault', 'copy']);
  assert.match(stdout, /Nothing was to be copied, 2 there before/);
  assert.doesNotMatch((await stage.run(['list'], { columns: 120 })).stderr, /behind/);
  // The copy is a vault like any other.
  const far = path.join(stage.directory, 'far');
  const stats = await stage.json<{ snapshots: number }>('vault', 'stats', '--vault', far);
  assert.equal(stats.snapshots, 2);
});

test('from vault to vault by their places, each with its passphrase, one snapshot only', async (t) => {
  const stage = await makeStage(t);
  await takeTwo(stage);
  const key = await writeKey(path.join(stage.directory, 'key'));
  await stage.json('vault', 'init', '../far', '--passphrase-file', key);
  await stage.refused('VAULT_KEY_NEEDED', 'vault', 'copy', '../far');
  const own = path.join(stage.project, '.stillpoint/vault');
  const [one] = await stage.json<{ copied: { name: string }[] }[]>(
    'vault',
    'copy',
    own,
    '../far',
    'first',
    '--passphrase-file',
    key,
  );
  assert.deepEqual(
    one!.copied.map(({ name }) => name),
    ['first'],
  );
  await stage.refused('COPY_OF_ITSELF', 'vault', 'copy', own);
  await stage.refused('COPIES_NOT_CONFIGURED', 'vault', 'copy');
  await stage.refused('VAULT_MISSING', 'vault', 'copy', '../nowhere');
});

test('export and import through a file, encrypted, into another project', async (t) => {
  const [here, there] = [await makeStage(t), await makeStage(t)];
  await takeTwo(here);
  const key = await writeKey(path.join(here.directory, 'key'));
  const file = path.join(here.directory, 'first.stillpoint');
  const made = await here.json<{ encrypted: boolean; bytes: number }>(
    'vault',
    'export',
    'first',
    file,
    '--passphrase-file',
    key,
  );
  assert.deepEqual([made.encrypted, made.bytes], [true, (await stat(file)).size]);
  await there.refused('VAULT_KEY_NEEDED', 'vault', 'import', file);
  const ran = await there.run(['vault', 'import', file, '--passphrase-file', key]);
  assert.match(ran.stdout, /^Imported [0-9a-f]{12} first\.\n$/);
  assert.match((await there.run(['list'])).stdout, /first/);
  const plain = await here.run(['vault', 'export', 'second', `${file}.plain`]);
  assert.match(plain.stderr, /warning: The file is not encrypted/);
});

test('a damaged vault: verify tells the file, repair fetches it from the copy', async (t) => {
  const stage = await makeStage(t, { copies: ['../far'] });
  await takeTwo(stage);
  await stage.json('vault', 'init', '../far');
  await stage.json('vault', 'copy');
  await damagePacks(path.join(stage.project, '.stillpoint/vault'));
  const verified = await stage.run(['verify', '--deep']);
  assert.equal(verified.status, 13);
  assert.match(verified.stdout, /lost: source uploads, two\.png/);
  const dry = await stage.json<{ done: boolean; harmed: unknown[] }>(
    'vault',
    'repair',
    '--dry-run',
  );
  assert.equal(dry.done, false);
  assert.ok(dry.harmed.length > 0);
  await stage.refused('CONFIRMATION_NEEDED', 'vault', 'repair');
  const no = await stage.run(['vault', 'repair'], { answer: 'n' });
  assert.match(no.stderr, /is not whole.*Go on with the repair\? \[y\/N\] .*NOT_CONFIRMED/s);
  const yes = await stage.run(['vault', 'repair', '--from', '../far'], { answer: 'y' });
  assert.equal(yes.status, 0, yes.stderr);
  assert.match(yes.stdout, /is whole again/);
  assert.equal((await stage.run(['verify', '--deep'])).status, 0);
  assert.match((await stage.run(['vault', 'repair'])).stdout, /^Nothing is to be repaired/);
});

test('a repair that cannot mend all says what is lost, and forgets it only if asked to', async (t) => {
  const stage = await makeStage(t);
  await takeTwo(stage);
  await damagePacks(path.join(stage.project, '.stillpoint/vault'));
  const ran = await stage.run(['vault', 'repair', '--yes']);
  assert.equal(ran.status, 13);
  assert.match(ran.stderr, /SNAPSHOTS_LOST/);
  const list = await stage.json<unknown[]>('list');
  assert.equal(list.length, 2);
  const forgetting = await stage.run(['vault', 'repair', '--yes', '--forget-damaged']);
  assert.equal(forgetting.status, 0, forgetting.stderr);
  assert.match(forgetting.stdout, /is not whole, forgotten/);
  assert.equal((await stage.run(['verify', '--deep'])).status, 0);
});

test('a sample, and shares that are none', async (t) => {
  const stage = await makeStage(t);
  await takeTwo(stage);
  assert.equal((await stage.run(['verify', '--sample', '5%'])).status, 0);
  for (const share of ['5', '0%', '101%', 'x%']) {
    assert.equal((await stage.run(['verify', '--sample', share])).status, 2, share);
  }
  await stage.refused('USAGE_INVALID', 'verify', 'latest', '--sample', '5%');
});

test('keys: added, listed, used, changed and removed; a vault without keys says so', async (t) => {
  const stage = await makeStage(t);
  const first = await writeKey(path.join(stage.directory, 'first'));
  const second = await writeKey(path.join(stage.directory, 'second'), 'another one, long enough');
  const at = ['--vault', '../far', '--vault-passphrase-file'];
  await stage.json('vault', 'init', '../far', '--passphrase-file', first);
  const added = await stage.json<{ name: string }>(
    'vault',
    'key',
    'add',
    '--passphrase-file',
    second,
    '--label',
    'safe',
    ...at,
    first,
  );
  const list = await stage.json<{ name: string; opened: boolean; label: string | null }[]>(
    'vault',
    'key',
    'list',
    ...at,
    second,
  );
  assert.equal(list.length, 2);
  assert.deepEqual(list.find(({ opened }) => opened)?.label, 'safe');
  await stage.refused('VAULT_KEY_IN_USE', 'vault', 'key', 'remove', added.name, ...at, second);
  await stage.json('vault', 'key', 'remove', added.name, ...at, first);
  await stage.refused('VAULT_KEY_WRONG', 'vault', 'key', 'list', ...at, second);
  await stage.json('vault', 'key', 'change', '--passphrase-file', second, ...at, first);
  await stage.refused('VAULT_KEY_WRONG', 'vault', 'key', 'list', ...at, first);
  await stage.refused('USAGE_INVALID', 'vault', 'key', 'add', ...at, second);
  await takeTwo(stage);
  await stage.refused('VAULT_WITHOUT_KEYS', 'vault', 'key', 'list');
});

test('a directory keeps what a vault needs, and is as empty as before', async (t) => {
  const stage = await makeStage(t);
  const place = path.join(stage.directory, 'place');
  const checks = await stage.json<{ ok: boolean }[]>('vault', 'validate', place);
  assert.ok(checks.length > 8 && checks.every(({ ok }) => ok));
  const left = await readdir(place, { recursive: true, withFileTypes: true });
  assert.ok(left.every((entry) => !entry.isFile()));
});

test('the tables of stats fit the width, and its JSON has the fields of the reference', async (t) => {
  const stage = await makeStage(t);
  await takeTwo(stage);
  for (const columns of [40, 60, 80, 120]) {
    const { stdout, status } = await stage.run(['vault', 'stats'], { columns });
    assert.equal(status, 0);
    const tables = stdout.split('\n\n').slice(1).join('\n').trimEnd().split('\n');
    assert.ok(tables.length >= 5);
    for (const line of tables) assert.ok(widthOf(line) <= columns, line);
  }
  const page = new URL('../../../../docs/reference/json.md', import.meta.url);
  const section = /### VaultStats\n([\s\S]*?)\n#/.exec(await readFile(page, 'utf8'))?.[1] ?? '';
  const named = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
  const stats = await stage.json<object>('vault', 'stats');
  assert.deepEqual(Object.keys(stats).toSorted(), named.toSorted());
});

/** A bit in the middle of every pack. */
async function damagePacks(vault: string): Promise<void> {
  const names = await readdir(path.join(vault, 'packs'), { recursive: true, withFileTypes: true });
  for (const entry of names) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const content = await readFile(file);
    content[60]! ^= 0x10;
    await rm(file);
    await writeFile(file, content, { mode: 0o600 });
  }
}
