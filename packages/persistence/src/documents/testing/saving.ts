// A process that saves states of one run and a row beside each, until it is killed. It says each step that it has taken.
import { writeSync } from 'node:fs';
import { openDatabase } from '../../database/index.ts';
import { createDocuments } from '../index.ts';

const [at = '', role = '', runId = ''] = process.argv.slice(2);
const database = await openDatabase({ at, role, connections: 2 });
const documents = await createDocuments(database);
const say = (step: string): unknown => writeSync(1, step);
for (let n = (await documents.latest(runId))?.version ?? 0; ; n += 1) {
  const text = 'x'.repeat((n % 7) * 20_000);
  await database.transaction(async (transaction) => {
    say('b');
    const saved = await documents.saveState(
      runId,
      { n, text },
      { expectedVersion: n, transaction },
    );
    say('s');
    await transaction.query('INSERT INTO steps VALUES ($1, $2)', [runId, saved.version]);
    say('r');
  });
  say('c');
}
