// Writes notes and remembers them. Each is a job: whatever dies in between, it is written once. A line "key = value" is a fact.
import { trace } from '@opentelemetry/api';
import {
  defineJob,
  type Persistence,
  type Transaction,
  type Verbatim,
} from '@stillpoint/persistence';
import { z } from 'zod';
import { notes } from './stillpoint.extension.ts';

/** A snapshot does not wait for it: a real embedder takes long. What it writes, it writes in the end, all at once. */
export const writeNote = defineJob({
  name: 'notes/write',
  data: z.object({ title: z.string(), text: z.string() }),
  freeze: 'leave',
});

/** What the extension needs to go on: the latest version counts, and all of them tell its story. */
const State = z.object({ written: z.number(), last: z.string() });

export default async function work(persistence: Persistence): Promise<void> {
  const queue = await persistence.queue();
  const memory = await persistence.memory();
  const verbatim = await persistence.verbatim();
  const states = (await persistence.documents()).withSchema(State);
  queue.work(writeNote, async ({ data: { title, text } }, { signal }) => {
    const source = `note ${title}`;
    const facts = await Promise.all(
      Array.from(text.matchAll(/^(.+?)\s*=\s*(.+)$/gm), ([, key = '', value = '']) =>
        preparedFact(verbatim, { key, value, source }),
      ),
    );
    return async (transaction) => {
      const span = trace.getTracer('notes').startSpan('write a note', { attributes: { title } });
      try {
        await transaction.drizzle.insert(notes).values({ title, text });
        await memory.remember(text, { source, transaction, signal });
        for (const state of facts) await state(transaction);
        const before = await states.latest('notes', { from: transaction });
        const written = before?.exact === false ? before.document.written + 1 : 1;
        await states.saveState('notes', { written, last: title }, { transaction });
      } finally {
        span.end();
      }
    };
  });
}

/** Facts are never changed: what is known already is superseded, and stays readable. */
async function preparedFact(
  verbatim: Verbatim,
  fact: { readonly key: string; readonly value: string; readonly source: string },
): Promise<(transaction: Transaction) => Promise<unknown>> {
  const [known] = await verbatim.history(fact.key);
  if (known === undefined) return (transaction) => verbatim.state(fact, transaction);
  if (known.value === fact.value) return async () => {};
  return (transaction) => verbatim.correct(known.id, fact, transaction);
}
