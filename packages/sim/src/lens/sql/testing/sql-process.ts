// Answers SQL over a lens, and says what the last row was and how much memory that took at most. `sql-process.ts RUN STATEMENT`
import { directoryPlace, openLens } from '../../read/index.ts';
import { keepHeapSmall, peakBytes } from '../../testing/peak-memory.ts';
import { openLensSql } from '../index.ts';

keepHeapSmall();
const [run = '', statement = ''] = process.argv.slice(2);
let last: readonly unknown[] = [];
{
  await using lens = await openLens(directoryPlace(run));
  await using sql = await openLensSql([lens]);
  for await (const rows of await sql.query(statement)) last = rows.at(-1)!;
}
process.stdout.write(`${JSON.stringify({ last: last.map(Number), peakBytes: peakBytes() })}\n`);
