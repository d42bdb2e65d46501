// The daemon on a throwaway database: a Postgres in this process, or the empty one that TEST_DATABASE_URL names.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import {
  libraryParts,
  loadFederation,
  migrate,
  openDatabase,
  type Persistence,
} from '@stillpoint/persistence';
import { notes } from '../extensions/notes/stillpoint.extension.ts';
import { writeNote } from '../extensions/notes/work.ts';
import { beginWork, openDaemon } from '../src/daemon.ts';

const root = path.join(import.meta.dirname, '..');

/** With the tables of all extensions, as `stillpoint migrate` makes them. */
async function openThrowaway(t: TestContext): Promise<Persistence> {
  const url = process.env['TEST_DATABASE_URL'];
  const pglite = url === undefined ? new PGlite() : undefined;
  const directory = await mkdtemp(path.join(tmpdir(), 'migrations-'));
  const extensions = await readdir(path.join(root, 'extensions'));
  {
    await using database = await openDatabase({ at: pglite ?? url ?? '' });
    const federation = await loadFederation(
      extensions.map((name) => path.join(root, 'extensions', name)),
    );
    await migrate({ database, federation, directory, parts: libraryParts });
  }
  const persistence = await openDaemon(pglite === undefined ? { url } : { pglite });
  t.after(async () => {
    await persistence[Symbol.asyncDispose]();
    await pglite?.close();
    await rm(directory, { recursive: true });
  });
  return persistence;
}

/** Reads again until it is so: who writes is another part of the program. */
async function eventually<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await read();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a note is written, remembered, and its facts are known', async (t) => {
  const persistence = await openThrowaway(t);
  await beginWork(persistence);
  const queue = await persistence.queue();
  const text = 'We drink it at four.\ntea = green';
  const id = await queue.enqueue(writeNote, { title: 'Tea', text });
  await eventually(async () => {
    const job = await queue.job(id ?? '');
    assert.notEqual(job?.state, 'failed', job?.error);
    return job?.state === 'completed' ? job : undefined;
  });

  const rows = await persistence.database.drizzle.select().from(notes);
  assert.ok(rows.some(({ title, version }) => title === 'Tea' && version === 1));
  const states = await persistence.documents();
  assert.ok(((await states.latest('notes'))?.version ?? 0) >= 1);
  const memory = await persistence.memory();
  const [fact, ...rest] = await memory.recall('What about tea?');
  assert.ok(fact?.from === 'verbatim');
  assert.equal(fact.fact.value, 'green');
  assert.ok(rest.some((one) => one.from === 'memory' && one.item.text === text));
});
