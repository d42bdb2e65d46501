// npm run show: what the daemon has, in numbers.
import { environment, openDaemon } from './daemon.ts';

const numbers = {
  notes: 'SELECT count(*)::text AS is FROM notes',
  facts: 'SELECT count(*)::text AS is FROM verbatim.facts',
  'memory items': 'SELECT count(*)::text AS is FROM vectors.items',
  states: 'SELECT count(*)::text AS is FROM state_documents',
  spans: 'SELECT count(*)::text AS is FROM traces.spans',
  'notes to be written': `SELECT count(*)::text AS is FROM queue.job WHERE name = 'notes/write' AND state IN ('created', 'retry', 'active')`,
};

await using persistence = await openDaemon(environment);
for (const [what, query] of Object.entries(numbers)) {
  const is = await persistence.database.query<{ is: string }>(query).then(
    ({ rows }) => rows[0]?.is,
    (error: Error) => `gone: ${error.message}`,
  );
  console.log(`${what.padEnd(20)} ${is}`);
}
