// What people get: the package as npm packs it, unpacked into an empty directory, and its command in a small project. One for all
// tests of this file, which therefore run in order.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { findBuilt, listSources, SOURCES_NAME } from '../../packages/stillpoint/bin/find-built.js';
import { templateFiles } from '../../packages/stillpoint/src/cli/new/template-files.ts';
import { installBuilt, installPersistence, installSim } from './install.ts';
import { ROOT } from './published.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

interface Started {
  readonly state: string;
  readonly dataDirectory: string;
  readonly socketDirectory: string;
}

let home = '';
let project = '';
let command = '';

async function stillpoint(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, NO_COLOR: '1', XDG_CACHE_HOME: path.join(home, 'cache') };
  const { stdout } = await promisify(execFile)(process.execPath, [command, ...args], {
    cwd: project,
    env,
  });
  return stdout;
}

before(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-built-')));
  // Whom the managed Postgres runs as reads its supervisor there.
  execFileSync('chmod', ['711', home]);
  await mkdir(path.join(home, 'installed'));
  command = await installBuilt(path.join(home, 'installed'));
  project = path.join(home, 'project');
  await mkdir(project);
  execFileSync('git', ['init', '-q', '-b', 'main'], { cwd: project });
  await writeFile(path.join(project, 'price.txt'), '10\n');
  // More than one thread's worth: workers are started for it.
  await writeFile(path.join(project, 'large.bin'), Buffer.alloc(6 * 1024 * 1024, 'abc'));
  const database = new DatabaseSync(path.join(project, 'app.db'));
  database.exec('CREATE TABLE orders (price); INSERT INTO orders VALUES (10)');
  database.close();
});

after(async () => {
  await rm(home, { recursive: true, force: true });
});

test('the package holds what is built, and nothing of what it was built from', async () => {
  const files = await readdir(path.dirname(path.dirname(command)), { recursive: true });
  assert.ok(files.includes('dist/main.js'));
  assert.deepEqual(
    files.filter(
      (name) => /\.ts$|\.test\.|^src|sources\.txt$/.test(name) && !/templates/.test(name),
    ),
    [],
  );
  const licences = await readFile(path.join(command, '../../dist/LICENSES.txt'), 'utf8');
  for (const name of ['commander', 'hash-wasm', 'zod']) assert.match(licences, new RegExp(name));
});

test('init, snapshot, restore, undo, list, verify: the built command does what the sources do', async () => {
  await stillpoint('init', '--yes');
  assert.match(
    await readFile(path.join(project, 'stillpoint.config.ts'), 'utf8'),
    /from 'stillpoint'/,
  );
  const taken = JSON.parse(await stillpoint('--json', 'snapshot', '--name', 'good')) as Named;
  await writeFile(path.join(project, 'price.txt'), '-1\n');
  await rm(path.join(project, 'large.bin'));
  await stillpoint('restore', 'good', '--yes');
  assert.equal(await readFile(path.join(project, 'price.txt'), 'utf8'), '10\n');
  assert.equal((await stat(path.join(project, 'large.bin'))).size, 6 * 1024 * 1024);
  const listed = JSON.parse(await stillpoint('--json', 'list')) as readonly Named[];
  assert.equal(listed[0]?.name, 'good');
  assert.equal(listed[0]?.id, taken.id);
  await stillpoint('verify', '--deep');
});

test('new daemon writes the files that are packed', async () => {
  const directory = path.join(home, 'my-daemon');
  await stillpoint('new', 'daemon', directory);
  const files = await readdir(directory, { recursive: true });
  for (const file of templateFiles) assert.ok(files.includes(file), file);
});

test('a list loads few files, and nothing of what restores', async () => {
  const program = `
    import { registerHooks } from 'node:module';
    let count = 0;
    registerHooks({ load: (url, context, next) => { if (url.startsWith('file:')) count += 1; return next(url, context); } });
    process.on('exit', () => process.stderr.write(String(count)));
    process.argv = [process.execPath, ${JSON.stringify(command)}, '--json', 'list'];
    await import(${JSON.stringify(command)});`;
  const { stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', program],
    { cwd: project },
  );
  assert.ok(Number(stderr) > 3 && Number(stderr) < 32, `${stderr} files`);
});

test('its supervisor runs a database', async (t) => {
  const config = `import { defineConfig } from 'stillpoint';
    export default defineConfig({ sources: { db: { driver: 'postgres' } } });`;
  project = path.join(home, 'second');
  await mkdir(project);
  await writeFile(path.join(project, 'stillpoint.config.ts'), config);
  t.after(() => stillpoint('db', 'stop'));
  const started = JSON.parse(await stillpoint('--json', 'db', 'start')) as Started;
  // Outside of the project when root runs this.
  for (const found of [path.resolve(started.dataDirectory, '../../..'), started.socketDirectory]) {
    if (found.startsWith(home)) continue;
    assert.match(path.basename(path.dirname(found)), /^stillpoint/);
    t.after(() => rm(found, { recursive: true, force: true }));
  }
  assert.equal(started.state, 'running');
  await stillpoint('snapshot');
});

test('beside it the persistence library: errors are known to both, and a plan is made by its own process', async () => {
  const library = await installPersistence(path.join(home, 'installed'));
  const files = await readdir(library, { recursive: true });
  assert.ok(files.includes('dist/kit-process.js'));
  assert.deepEqual(
    files.filter((name) => /\.ts$|^src|sources\.txt$/.test(name)),
    [],
  );
  const member = path.join(home, 'member');
  await mkdir(member);
  const extension = `import { defineExtension } from '@stillpoint/persistence';
    import { pgTable, text, uuidBase } from '@stillpoint/persistence/models';
    const notes = pgTable('notes', { ...uuidBase, title: text() });
    export default defineExtension({ name: 'notes', models: [notes] });`;
  await writeFile(path.join(member, 'stillpoint.extension.ts'), extension);
  const program = path.join(home, 'installed/program.mjs');
  // Of a database it only asks what is there: nothing.
  const source = `import { isFailure } from 'stillpoint';
    import { loadFederation, migrationStatus, openPersistence } from '@stillpoint/persistence';
    import { createQueueParticipant } from '@stillpoint/persistence/participant';
    const error = await openPersistence({ url: undefined }).catch((error) => error);
    const federation = await loadFederation([${JSON.stringify(member)}]);
    const database = { query: async () => ({ rows: [] }) };
    const directory = ${JSON.stringify(path.join(member, 'migrations'))};
    const { difference } = await migrationStatus({ database, federation, directory, parts: [] });
    const known = isFailure(error, 'DAEMON_DATABASE_UNNAMED');
    process.stdout.write(JSON.stringify([known, typeof createQueueParticipant, difference.statements > 0]));`;
  await writeFile(program, source);
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  assert.deepEqual(JSON.parse(stdout), [true, 'function', true]);
});

test('beside it the simulation library: its threads are found, and what they write is read', async () => {
  const library = await installSim(path.join(home, 'installed'));
  const files = await readdir(library, { recursive: true });
  for (const name of ['writer-worker.js', 'control-worker.js'])
    assert.ok(files.includes(`dist/${name}`), name);
  assert.deepEqual(
    files.filter((name) => /\.ts$|^src|sources\.txt$/.test(name)),
    [],
  );
  project = path.join(home, 'simulation');
  await mkdir(project);
  const world = `import { defineWorld } from '@stillpoint/sim';
    export default defineWorld({
      name: 'drift',
      signals: { place: { shape: [100] } },
      strata: {
        drift: {
          step: ({ previous, current, random }) => {
            for (let at = 0; at < 100; at += 1)
              current.place[at] = previous.place[at] + random.normal();
          },
        },
      },
    });`;
  await writeFile(path.join(project, 'world.ts'), world);
  const run = async (...args: readonly string[]): Promise<string> => {
    const out = await stillpoint('--json', 'run', './world.ts', ...args);
    return (JSON.parse(out.trim().split('\n').at(-1) ?? '') as { stateHash: string }).stateHash;
  };
  const straight = await run('--seed', '1', '--steps', '40', '--checkpoint-dir', './straight');
  await run('--seed', '1', '--steps', '20', '--checkpoint-stride', '10');
  assert.equal(await run('--steps', '20', '--resume'), straight);
  assert.match(await stillpoint('checkpoint', 'list'), /drift/);
});

test('in a checkout the built form is used until a source changes', async () => {
  const built = path.join(home, 'built');
  await mkdir(built);
  assert.equal(findBuilt(built), undefined, 'nothing is built');
  await writeFile(path.join(built, 'main.js'), '');
  await writeFile(path.join(built, SOURCES_NAME), listSources());
  // Whoever works on the sources while this runs changes them, as they may.
  const same = (await readFile(path.join(built, SOURCES_NAME), 'utf8')) === listSources();
  if (same) assert.equal(findBuilt(built), path.join(built, 'main.js'));
  await writeFile(path.join(built, SOURCES_NAME), `${listSources()}one more\n`);
  assert.equal(findBuilt(built), undefined, 'another set of sources');
});

test('in a checkout where nothing is built the sources are run', async () => {
  const own = path.join(home, 'checkout/packages/stillpoint');
  await mkdir(own, { recursive: true });
  await cp(path.join(ROOT, 'packages/stillpoint/bin'), path.join(own, 'bin'), { recursive: true });
  await symlink(path.join(ROOT, 'packages/stillpoint/src'), path.join(own, 'src'));
  const built = command;
  const version = await stillpoint('--version');
  command = path.join(own, 'bin/stillpoint.js');
  try {
    assert.equal(await stillpoint('--version'), version);
  } finally {
    command = built;
  }
});
