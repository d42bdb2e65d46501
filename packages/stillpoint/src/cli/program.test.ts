import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from './program.ts';
import { inProcess, type Ran } from './testing/run.ts';
import { VERSION } from './version.ts';

async function emptyDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-cli-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

interface Refusal {
  readonly error: { readonly code: string; readonly hint: string; readonly exitCode: number };
}

function refusalOf(ran: Ran): Refusal['error'] {
  assert.equal(ran.stdout, '', 'nothing on stdout');
  return (JSON.parse(ran.stderr) as Refusal).error;
}

/** Every command there is: 'db start', too. */
function allCommands(): readonly string[] {
  const namesOf = (command: Command): readonly string[] =>
    command.commands.flatMap((one) => [
      one.name(),
      ...namesOf(one).map((name) => `${one.name()} ${name}`),
    ]);
  return namesOf(createProgram(() => async () => {}));
}

test('help says first what it is, and names every command', async (t) => {
  const help = await inProcess(['--help'], { cwd: await emptyDirectory(t) });
  assert.equal(help.status, 0);
  assert.equal(help.stderr, '');
  assert.match(help.stdout, /^Undo for everything/);
  const names = [...help.stdout.matchAll(/^ {2}([a-z]+) .*$/gm)].map((match) => match[1] ?? '');
  assert.deepEqual(
    names,
    allCommands().filter((name) => !name.includes(' ')),
  );
});

for (const name of allCommands()) {
  test(`stillpoint ${name} --help says what it does, with an example of itself`, async (t) => {
    const cwd = await emptyDirectory(t);
    const one = await inProcess([...name.split(' '), '--help'], { cwd });
    assert.equal(one.status, 0);
    assert.match(one.stdout, /^[A-Z].*\.$/m);
    const example = /^Example:\n((?: {2}.*\n?)+)/m.exec(one.stdout)?.[1] ?? '';
    assert.match(example, new RegExp(`stillpoint ${name}\\b`), one.stdout);
  });
}

test('the version', async (t) => {
  const ran = await inProcess(['--version'], { cwd: await emptyDirectory(t) });
  assert.deepEqual([ran.status, ran.stdout], [0, `${VERSION}\n`]);
});

const mistakes: readonly (readonly [readonly string[], RegExp, string])[] = [
  [['snapshto'], /Did you mean snapshot/, 'stillpoint --help'],
  [['snapshot', '--nmae', 'x'], /--name/, 'stillpoint snapshot --help'],
  [['restore'], /missing required argument 'ref'/, 'stillpoint restore --help'],
  [['undo', 'x'], /too many arguments/, 'stillpoint undo --help'],
  [['list', '--wait', '3'], /60s/, 'stillpoint list --help'],
  [['exec'], /Name the program/, 'stillpoint exec --help'],
];
for (const [args, problem, hint] of mistakes) {
  test(`a mistake: stillpoint ${args.join(' ')}`, async (t) => {
    const cwd = await emptyDirectory(t);
    const ran = await inProcess(args, { cwd });
    assert.equal(ran.status, 2);
    assert.equal(ran.stdout, '');
    assert.match(ran.stderr, /^stillpoint: USAGE_INVALID: /);
    assert.match(ran.stderr, problem);
    assert.ok(ran.stderr.includes(hint), ran.stderr);
    assert.equal(refusalOf(await inProcess(['--json', ...args], { cwd })).code, 'USAGE_INVALID');
  });
}

test('what comes after -- belongs to the program, also --json', async (t) => {
  const ran = await inProcess(['exec', '--', 'x', '--json'], { cwd: await emptyDirectory(t) });
  assert.match(ran.stderr, /^stillpoint: CONFIG_MISSING/);
});

test('no command at all shows what one does first, as a mistake', async (t) => {
  const ran = await inProcess([], { cwd: await emptyDirectory(t) });
  assert.equal(ran.status, 2);
  assert.equal(ran.stdout, '');
  const [init, doctor, snapshot] = [...ran.stderr.matchAll(/^ {2}stillpoint (\w+) {2,}\S/gm)].map(
    ([, name]) => name,
  );
  assert.deepEqual([init, doctor, snapshot], ['init', 'doctor', 'snapshot']);
  assert.match(ran.stderr, /Usage: stillpoint/);
});

test('without a project every command says so', async (t) => {
  const cwd = await emptyDirectory(t);
  for (const args of [
    ['snapshot'],
    ['list'],
    ['show'],
    ['diff', 'x'],
    ['verify'],
    ['restore', 'x'],
    ['undo'],
    ['db', 'url'],
    ['exec', '--', 'true'],
  ]) {
    const ran = await inProcess(['--json', ...args], { cwd });
    assert.equal(refusalOf(ran).code, 'CONFIG_MISSING', args.join(' '));
    assert.equal(ran.status, 2);
  }
});

test('--project names one directory and does not look above it', async (t) => {
  const cwd = await emptyDirectory(t);
  await writeFile(path.join(cwd, 'stillpoint.config.json'), '{"members":[');
  assert.equal(refusalOf(await inProcess(['--json', 'list'], { cwd })).code, 'CONFIG_UNREADABLE');
  const below = path.join(cwd, 'below');
  assert.equal(
    refusalOf(await inProcess(['--json', '--project', 'below', 'list'], { cwd })).code,
    'CONFIG_MISSING',
  );
  assert.equal(
    refusalOf(await inProcess(['--json', 'list'], { cwd: below })).code,
    'CONFIG_UNREADABLE',
  );
  const file = path.join(cwd, 'stillpoint.config.json');
  assert.equal(
    refusalOf(await inProcess(['--json', '--project', file, 'list'], { cwd: tmpdir() })).code,
    'CONFIG_UNREADABLE',
  );
});

test('an interrupted command says that, whatever the interrupted call rejected with', async (t) => {
  const cwd = await emptyDirectory(t);
  await writeFile(
    path.join(cwd, 'stillpoint.config.ts'),
    "throw new DOMException('aborted', 'AbortError');",
  );
  const ran = await inProcess(['list'], { cwd, signal: AbortSignal.abort(new Error('stopped')) });
  assert.equal(ran.status, 2, 'an error of the catalogue stays what it is');
});

test('an error takes the line that was drawn away, and does not end it', async (t) => {
  const cwd = await emptyDirectory(t);
  const config = { sources: { cache: { driver: 'sqlite', file: 'absent.db' } } };
  await writeFile(path.join(cwd, 'stillpoint.config.json'), JSON.stringify(config));
  const environment = { NO_COLOR: '1' };
  const ran = await inProcess(['snapshot'], { cwd, columns: 80, environment });
  assert.ok(ran.stderr.includes('check …\r\u001b[Kstillpoint: SQLITE_MISSING'), ran.stderr);
});
