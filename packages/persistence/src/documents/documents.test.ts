// State documents on each server: versions, conflicts, schemas, bytes, and the transaction that they share with rows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '@stillpoint/core';
import { z } from 'zod';
import { checkChambers, installChambers } from '../chambers/index.ts';
import { openDatabase } from '../database/index.ts';
import { openTestDatabase } from '../database/testing/index.ts';
import { encodeJson, jsonBytes } from '../jsonb/index.ts';
import { createDocuments, documentsPart, type DocumentState, type State } from './index.ts';
import { openDocuments, places, whyNotHere } from './testing/open-documents.ts';

const plan = z.object({ goal: z.string(), steps: z.array(z.object({ name: z.string() })) });
const good = { goal: 'é 😀', steps: [{ name: 'a' }] };
const documentOf = (state: State<unknown> | undefined): unknown =>
  state?.exact === false ? state.document : assert.fail('it is no document');

for (const where of places) {
  const skip = whyNotHere(where);

  test(`${where}: versions are saved, read, told apart and never changed`, { skip }, async (t) => {
    const { documents, database } = await openDocuments(t, where);
    assert.equal(await documents.latest('run'), undefined);
    const first = await documents.saveState('run', { n: 1 }, { expectedVersion: 0 });
    assert.equal(first.version, 1);
    assert.equal(first.digest, digestOf(Buffer.from('{"n":1}')));
    assert.equal(first.sizeBytes, 7);
    assert.ok(first.at instanceof Date);
    const second = await documents.saveState('run', jsonBytes(Buffer.from('[2]')), {
      expectedVersion: 1,
    });
    const third = await documents.saveState('run', Buffer.from('null'));
    assert.deepEqual([second.version, third.version], [2, 3]);
    assert.deepEqual(await documents.latest('run'), { ...third, exact: false, document: null });
    assert.deepEqual(await documents.at('run', 1), { ...first, exact: false, document: { n: 1 } });
    assert.equal(await documents.at('run', 4), undefined);
    assert.equal(await documents.at('run', 2 ** 53), undefined);
    const all = await Array.fromAsync(documents.history('run'), documentOf);
    assert.deepEqual(all, [{ n: 1 }, [2], null]);
    const later = await Array.fromAsync(documents.history('run', { after: 2 }), documentOf);
    assert.deepEqual(later, [null]);
    assert.deepEqual(await Array.fromAsync(documents.history('other')), []);
    for (const change of [
      'UPDATE public.state_documents SET version = 9',
      'TRUNCATE public.state_documents',
    ])
      await assert.rejects(database.query(change), { code: '42501' });
  });

  test(
    `${where}: a save from an old version is told both, and its transaction goes on`,
    { skip },
    async (t) => {
      const { documents, database } = await openDocuments(t, where);
      await documents.saveState('run', 1);
      await documents.saveState('run', 2);
      await database.transaction(async (transaction) => {
        for (const [expectedVersion, runId, found] of [
          [1, 'run', 2],
          [0, 'run', 2],
          [3, 'run', 2],
          [1, 'none', 0],
        ] as const)
          await assert.rejects(documents.saveState(runId, 3, { expectedVersion, transaction }), {
            code: 'STATE_CONFLICT',
            message: `The state of run "${runId}" is at version ${found}; the change was made from version ${expectedVersion}.`,
          });
        await documents.saveState('run', 3, { expectedVersion: 2, transaction });
      });
      assert.equal(documentOf(await documents.latest('run')), 3);
      assert.equal(await documents.latest('none'), undefined);
    },
  );

  test(
    `${where}: a state that was read before a restore is not taken for another of its number`,
    { skip },
    async (t) => {
      const { documents } = await openDocuments(t, where);
      const first = await documents.saveState('run', { n: 1 });
      // Undone, and saved by somebody else: version 2 is another one.
      const undone = { ...first, version: 2, digest: digestOf(Buffer.from('{"n":"undone"}')) };
      const second = await documents.saveState('run', { n: 'new' }, { expectedVersion: first });
      const lost = documents.saveState('run', { n: 'lost' }, { expectedVersion: undone });
      await assert.rejects(lost, {
        code: 'STATE_CONFLICT',
        message: /is at version 2; the change was made from version 2 of before a restore/,
      });
      const latest = await documents.latest('run');
      assert.deepEqual(documentOf(latest), { n: 'new' });
      await documents.saveState('run', { n: 3 }, { expectedVersion: latest! });
      const stale = documents.saveState('run', { n: 4 }, { expectedVersion: second });
      await assert.rejects(stale, {
        code: 'STATE_CONFLICT',
        message: /at version 3.* version 2\./,
      });
      await assert.rejects(
        documents.saveState('run', {}, { expectedVersion: { ...second, version: -1 } }),
        TypeError,
      );
    },
  );

  test(
    `${where}: the document and the rows beside it are there together, or not at all`,
    { skip },
    async (t) => {
      const { documents, database } = await openDocuments(t, where);
      const save = (fail: boolean): Promise<void> =>
        database.transaction(async (transaction) => {
          const { version } = await documents.saveState('run', good, { transaction });
          await transaction.query('INSERT INTO steps VALUES ($1, $2)', ['run', version]);
          assert.equal((await documents.latest('run', { from: transaction }))?.version, version);
          if (fail) throw new Error('mine');
        });
      await assert.rejects(save(true), /mine/);
      assert.equal(await documents.latest('run'), undefined);
      await save(false);
      await assert.rejects(save(true), /mine/);
      await save(false);
      assert.deepEqual((await database.query('SELECT version FROM steps ORDER BY 1')).rows, [
        { version: 1 },
        { version: 2 },
      ]);
      assert.equal((await documents.latest('run'))?.version, 2);
    },
  );

  test(`${where}: exact bytes come back as they were, and damage is told`, { skip }, async (t) => {
    const { documents, at } = await openDocuments(t, where);
    const bytes = Buffer.from([0, 255, 1, ...Buffer.from('{"b":1, "a":1,"b":2} \\u0000')]);
    const saved = await documents.saveState('run', bytes, { exact: true });
    assert.equal(saved.digest, digestOf(bytes));
    assert.deepEqual(await documents.latest('run'), { ...saved, exact: true, bytes });
    await documents.saveState('run', new Uint8Array(0), { exact: true, expectedVersion: 1 });
    await using owner = await openDatabase({ at });
    await owner.query(
      `UPDATE public.state_documents SET exact = exact || '\\x00' WHERE version = 1`,
    );
    await assert.rejects(documents.at('run', 1), { code: 'STATE_DAMAGED' });
    const wrong = documents.saveState('run', 'text' as never, { exact: true });
    await assert.rejects(wrong, TypeError);
  });

  test(
    `${where}: a document that does not fit its schema is told with its path`,
    { skip },
    async (t) => {
      const { documents } = await openDocuments(t, where);
      const plans = documents.withSchema(plan);
      await plans.saveState('run', good);
      assert.deepEqual(documentOf(await plans.latest('run')), good);
      const bad = { goal: 1, steps: [{ name: 'a' }, { name: 2 }] };
      await assert.rejects(plans.saveState('run', bad as never), {
        code: 'STATE_INVALID',
        message:
          /^The state of run "run" does not fit its schema and is not saved: goal: .*; steps\.1\.name: /,
      });
      // Bytes are not looked into before they are read.
      await plans.saveState('run', encodeJson(bad));
      const mismatch = {
        code: 'STATE_MISMATCH',
        message: /^The state of run "run" at version 2 does not fit .*: goal: .*; steps\.1\.name: /,
      };
      await assert.rejects(plans.latest('run'), mismatch);
      await assert.rejects(plans.at('run', 2), mismatch);
      await assert.rejects(Array.fromAsync(plans.history('run')), mismatch);
      assert.deepEqual(
        documentOf(await documents.latest('run')),
        bad,
        'without a schema it is given',
      );
      // Exact bytes are looked into by nobody.
      await plans.saveState('run', Buffer.from('x'), { exact: true });
      assert.equal((await plans.latest('run'))?.exact, true);
    },
  );

  test(
    `${where}: old versions are removed by a rule, when it is asked for`,
    { skip },
    async (t) => {
      const { documents, database } = await openDocuments(t, where);
      for (const run of ['a', 'b'])
        await database.transaction(async (transaction) => {
          for (let n = 1; n <= 12; n += 1) await documents.saveState(run, n, { transaction });
        });
      const keep = { last: 2, every: 5 };
      const old = [1, 2, 3, 4, 6, 7, 8, 9];
      assert.deepEqual(await documents.compact('a', keep, { dryRun: true }), old);
      assert.equal((await Array.fromAsync(documents.history('a'))).length, 12);
      assert.deepEqual(await documents.compact('a', keep), old);
      assert.deepEqual(await documents.compact('a', keep), []);
      assert.deepEqual(await Array.fromAsync(documents.history('a'), documentOf), [5, 10, 11, 12]);
      assert.deepEqual(await documents.compactAll({ last: 1 }), { runs: 2, versions: 3 + 11 });
      const saved = await documents.saveState('b', 13, { expectedVersion: 12 });
      assert.equal(saved.version, 13, 'versions are never used again');
      assert.deepEqual(await documents.compact('none', { last: 1 }), []);
      for (const wrong of [{ last: 0 }, { last: 1.5 }, { last: 1, every: 0 }])
        await assert.rejects(documents.compact('a', wrong), TypeError);
    },
  );

  test(
    `${where}: the tables are as doctor expects them, with storage by what the server has`,
    { skip },
    async (t) => {
      const { at } = await openDocuments(t, where);
      await using owner = await openDatabase({ at });
      assert.deepEqual(await checkChambers(owner, [documentsPart]), []);
      const { rows } = await owner.query<{ storage: string; compression: string }>(
        `SELECT attstorage AS storage, attcompression AS compression FROM pg_attribute
       WHERE attrelid = 'public.state_documents'::regclass AND attname = 'document'`,
      );
      const wanted = owner.facts.lz4
        ? { storage: 'x', compression: 'l' }
        : { storage: 'e', compression: '' };
      assert.deepEqual(rows, [wanted]);
      if (where === 'debian-15') assert.ok(owner.facts.lz4, 'both kinds of storage are tried');
    },
  );
}

test('of many savers at once each version is one, and expected versions are won by one', async (t) => {
  const { documents } = await openDocuments(t);
  const any = await Promise.all(
    Array.from({ length: 20 }, (_, n) => documents.saveState('any', n)),
  );
  assert.deepEqual(
    any.map(({ version }) => version).toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
  for (const expectedVersion of [0, 1]) {
    const ends = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => documents.saveState('one', n, { expectedVersion })),
    );
    assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const end of ends)
      if (end.status === 'rejected')
        assert.equal((end.reason as { code: string }).code, 'STATE_CONFLICT');
  }
});

test('what cannot be saved is told before anything is written', async (t) => {
  const { documents } = await openDocuments(t);
  await assert.rejects(documents.saveState('run', { a: Number.NaN }), { code: 'JSONB_NOT_JSON' });
  await assert.rejects(documents.saveState('run', { a: '\0' }), { code: 'JSONB_TEXT_REFUSED' });
  await assert.rejects(documents.saveState('run', Buffer.from('{')), { code: 'JSONB_REFUSED' });
  const large = Buffer.alloc(250 * 1024 * 1024 + 1);
  const tooLarge = documents.saveState('run', large, { exact: true });
  await assert.rejects(tooLarge, { code: 'STATE_TOO_LARGE' });
  for (const runId of ['', 'a\0', '\ud800', 'x'.repeat(1001), 1 as unknown as string])
    await assert.rejects(documents.saveState(runId, 1), TypeError);
  for (const expectedVersion of [-1, 1.5, Number.NaN])
    await assert.rejects(documents.saveState('run', 1, { expectedVersion }), TypeError);
  assert.equal(await documents.latest('run'), undefined);
});

test('a history is read on while versions come and go, until its signal', async (t) => {
  const { documents } = await openDocuments(t);
  for (const n of [1, 2, 3]) await documents.saveState('run', n);
  const seen: number[] = [];
  const controller = new AbortController();
  const reading = (async () => {
    for await (const state of documents.history('run', { signal: controller.signal })) {
      seen.push(state.version);
      if (state.version === 1) await documents.saveState('run', 4);
      if (state.version === 1) await documents.compact('run', { last: 2 });
      if (state.version === 4) controller.abort(new Error('enough'));
    }
  })();
  await assert.rejects(reading, /enough/);
  assert.deepEqual(seen, [1, 3, 4]);
});

test('a database without the tables is refused at the start', async (t) => {
  const { database } = await openTestDatabase(t);
  await assert.rejects(createDocuments(database), { code: 'STATE_NOT_INSTALLED' });
  await database.transaction((transaction) =>
    installChambers(transaction, [documentsPart], database.facts),
  );
  await createDocuments(database);
});

test('types come from the schema', async (t) => {
  const { documents } = await openDocuments(t);
  const plans = documents.withSchema(plan);
  await plans.saveState('run', good);
  const state = (await plans.latest('run')) as DocumentState<{
    goal: string;
    steps: { name: string }[];
  }>;
  const goal: string = state.document.goal;
  assert.equal(goal, good.goal);
  // @ts-expect-error goal is text
  const wrong: Promise<unknown> = plans.saveState('run', { goal: 1, steps: [] });
  await assert.rejects(wrong, { code: 'STATE_INVALID' });
});
