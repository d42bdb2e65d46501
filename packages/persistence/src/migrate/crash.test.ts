// Processes that migrate, killed at every step and two at once: the schema is that of before or of afterwards, the ledger says which,
// and the next call ends it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findDrift } from './look.ts';
import { migrate } from './migrate.ts';
import { rollback } from './rollback.ts';
import type { MigratingTask } from './testing/migrating.ts';
import { endPlanner, ledgerOf, makePlace, notes, type Place } from './testing/place.ts';
import { schemaText } from './testing/schema-text.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const program = fileURLToPath(new URL('./testing/migrating.ts', import.meta.url));
after(endPlanner);

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(task: MigratingTask): Promise<Ended> {
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv.filter((flag) => !flag.startsWith('--test')),
      program,
      JSON.stringify(task),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { signal, stdout, stderr };
}

const old = { notes: notes('title: text()') };
const young = {
  notes: notes(
    'title: text(), body: text()',
    `seed: async (transaction) => { await transaction.query('SELECT 1') },`,
  ),
  others: extensionWithRows('others'),
};

function extensionWithRows(name: string): string {
  return `export default defineExtension({ name: '${name}', models: [pgTable('${name}', { ...uuidBase, a: text() })],
    seed: async (transaction) => { await transaction.query("INSERT INTO ${name} (a) VALUES ('first')") } });`;
}

interface Stage {
  readonly place: Place;
  readonly before: string;
  readonly task: Omit<MigratingTask, 'dieAt'>;
}

/** Migrated to the old models; the young ones are planned. */
async function stage(t: TestContext): Promise<Stage> {
  const place = await makePlace(t);
  await place.migrate(old);
  const options = await place.options(young);
  const { rows } = await place.database.query<{ snapshot: never }>(
    'SELECT snapshot FROM stillpoint.migrations',
  );
  const plan = await options.plan!({ previous: rows[0]?.snapshot, federation: options.federation });
  const planFile = path.join(path.dirname(path.dirname(place.directory)), 'plan.json');
  await writeFile(planFile, JSON.stringify(plan));
  const members = options.federation.extensions.flatMap(({ directory }) => directory ?? []);
  return {
    place,
    before: await schemaText(place.database),
    task: { url: place.url, directory: place.directory, members, planFile },
  };
}

test('killed at every step, the schema is the old or the new one, and the next call ends it', async (t) => {
  const first = await stage(t);
  const whole = await run({ ...first.task, dieAt: 0 });
  assert.equal(whole.signal, null, whole.stderr);
  const { asked } = JSON.parse(whole.stdout) as { asked: number };
  const wanted = await schemaText(first.place.database);
  const few = [0.4, 0.8].map((share) => Math.ceil(asked * share));
  const numbers = soak ? Array.from({ length: asked }, (_, index) => index + 1) : few;
  t.diagnostic(`${asked} questions, killed before ${numbers.length} of them`);
  const seen = new Set<string>();
  for (const dieAt of [...numbers, asked, 'apply', 'end'] as const) {
    const { place, before, task } = await stage(t);
    const { signal, stderr } = await run({ ...task, dieAt });
    assert.equal(signal, 'SIGKILL', `${dieAt}: ${stderr}`);
    const text = await schemaText(place.database);
    assert.ok(text === before || text === wanted, `${dieAt} left something between`);
    seen.add(text === wanted ? 'new' : 'old');
    assert.equal((await ledgerOf(place)).length, text === wanted ? 2 : 1, `${dieAt}`);
    await migrate(await place.options(young));
    assert.equal(await schemaText(place.database), wanted, `${dieAt}`);
    assert.equal((await ledgerOf(place)).length, 2);
    const { rowCount } = await place.database.query('SELECT FROM others');
    assert.equal(rowCount, 1, 'seeded once');
    assert.deepEqual((await findDrift({ database: place.database, parts: [] })).findings, []);
  }
  assert.deepEqual([...seen].toSorted(), ['new', 'old']);
});

test('killed at every step of taking back, each migration is there whole or gone whole, and the next call ends it', async (t) => {
  const place = await makePlace(t);
  const youngest = { ...young, last: extensionWithRows('last') };
  const models = [old, young, youngest];
  const schemas: string[] = [];
  const ledgers: (readonly string[])[] = [];
  for (const sources of models) {
    await place.migrate(sources);
    schemas.push(await schemaText(place.database));
    ledgers.push(await ledgerOf(place));
  }
  const [to = ''] = ledgers[0]!;
  const { database, url, directory } = place;
  const { steps } = await rollback({ database, parts: [], to, dryRun: true });
  const accept = steps.flatMap(({ losses }) => losses.map(({ name }) => name));
  const task = { url, directory, members: [], takeBack: { to, accept } };
  const members = await place.options(youngest);
  const seen = new Set<number>();
  const takeBack = async (how: Pick<MigratingTask, 'dieAt' | 'answered'>): Promise<Ended> => {
    const ended = await run({ ...task, ...how });
    const at = schemas.indexOf(await schemaText(database));
    assert.ok(at >= 0, `${JSON.stringify(how)} left something between`);
    assert.deepEqual(await ledgerOf(place), ledgers[at], JSON.stringify(how));
    seen.add(at);
    await rollback({ database, parts: [], to, accept });
    assert.equal(await schemaText(database), schemas[0]);
    assert.deepEqual(await ledgerOf(place), ledgers[0]);
    assert.deepEqual((await findDrift({ database, parts: [] })).findings, []);
    // Forward again, by the files: also what was seeded is seeded again.
    await migrate(members);
    assert.equal(await schemaText(database), schemas[2]);
    assert.equal((await database.query('SELECT FROM last')).rowCount, 1);
    return ended;
  };
  const whole = await takeBack({ dieAt: 0 });
  assert.equal(whole.signal, null, whole.stderr);
  const { asked } = JSON.parse(whole.stdout) as { asked: number };
  const few = [0.3, 0.6, 0.8].map((share) => Math.ceil(asked * share));
  const numbers = soak ? Array.from({ length: asked }, (_, index) => index + 1) : few;
  t.diagnostic(`${asked} questions, killed before and after ${numbers.length} of them`);
  for (const dieAt of [...numbers, 'take back', 'end'] as const)
    for (const answered of typeof dieAt === 'number' && (soak || dieAt === few[1])
      ? [false, true]
      : [false]) {
      const { signal, stderr } = await takeBack({ dieAt, answered });
      assert.equal(signal, 'SIGKILL', `${dieAt}: ${stderr}`);
    }
  assert.deepEqual(
    [...seen].toSorted((a, b) => a - b),
    [0, 1, 2],
  );
});

test('of two processes that migrate at once one does it, and the other finds it done', async (t) => {
  const { place, task } = await stage(t);
  const { planFile: _, ...own } = task;
  const ended = await Promise.all([run({ ...own, dieAt: 0 }), run({ ...own, dieAt: 0 })]);
  const steps = ended.map(({ stdout, stderr }) => {
    assert.ok(stdout !== '', stderr);
    return (JSON.parse(stdout) as { steps: number }).steps;
  });
  assert.deepEqual(new Set(steps), new Set([0, 1]));
  assert.equal((await ledgerOf(place)).length, 2);
  const { rowCount } = await place.database.query('SELECT FROM others');
  assert.equal(rowCount, 1);
});
