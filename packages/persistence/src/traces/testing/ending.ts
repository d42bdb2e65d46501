// A process that ends spans without a pause until it is killed: node ending.ts JSON. Each flush is told with how many spans had ended
// before it.
import { openDatabase } from '../../database/index.ts';
import { createTraces } from '../traces.ts';
import { spanOf } from './spans.ts';

const {
  at,
  role,
  process: own,
} = JSON.parse(process.argv[2]!) as {
  readonly at: string;
  readonly role: string;
  readonly process: number;
};
const database = await openDatabase({ at, role, connections: 2 });
const traces = await createTraces(database, { batchSpans: 100 });
for (let id = 1; ;) {
  for (const until = id + 250; id < until; id += 1)
    traces.processor.onEnd(spanOf({ trace: own, id, attributes: { own, text: 'x'.repeat(200) } }));
  await traces.flush();
  process.stdout.write(`${id - 1}\n`);
}
