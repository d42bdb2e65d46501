// The queue's tables. pg-boss's own come from its construction plan, which the pinned version of the library fixes: a newer one
// gets a step here that begins with its migration plan, and a test tells when the text has changed.
//
// Rows live shortly. A job is updated twice, each time with other index entries, so room in its page helps little; progress is updated
// often, in its page. Autovacuum comes after some hundred dead rows, not after a fifth of the table.
import { getConstructionPlans } from 'pg-boss';
import type { ChamberPart } from '../chambers/contract.ts';
import { insideTransaction } from './boss.ts';

const shortLived = {
  autovacuum_vacuum_scale_factor: 0.01,
  autovacuum_vacuum_threshold: 200,
  autovacuum_vacuum_insert_scale_factor: 0.05,
  autovacuum_vacuum_cost_delay: 0,
  autovacuum_analyze_scale_factor: 0.05,
};

/** As the server tells it. */
const claimTrigger = {
  name: 'stillpoint_claim',
  definition:
    "BEFORE UPDATE OF state ON % FOR EACH ROW WHEN (((new.state = 'active'::queue.job_state) AND (old.state < 'active'::queue.job_state))) EXECUTE FUNCTION queue.mark_claim()",
};

export const queuePart: ChamberPart = {
  name: 'queue',
  schema: 'queue',
  steps: [() => [bossTables(), ...ownTables]],
  expects: [
    // Jobs of all kinds are in one partition, or in partitions that their author made with pg-boss.
    { kind: 'parameters', table: 'queue.job', parameters: { ...shortLived, fillfactor: 90 } },
    { kind: 'parameters', table: 'queue.progress', parameters: { ...shortLived, fillfactor: 70 } },
    // Without it a claim would not say whose it is, and none would be void.
    {
      kind: 'trigger',
      table: 'queue.job',
      trigger: claimTrigger.name,
      definition: claimTrigger.definition,
    },
  ],
};

/** Without its BEGIN, its COMMIT and the limits that it sets for them: it is a part of our transaction. */
export function bossTables(): string {
  const text = insideTransaction(getConstructionPlans('queue', { createSchema: false }));
  if (text === undefined) throw new TypeError('the plan of pg-boss is no transaction any more');
  return text.replaceAll(/^\s*SET LOCAL [^;]*;$/gm, '');
}

const ownTables = [
  `CREATE TABLE queue.definition (
     name text PRIMARY KEY,
     after_restore text NOT NULL CHECK (after_restore IN ('return', 'abandon')),
     in_freeze text NOT NULL CHECK (in_freeze IN ('drain', 'leave'))
   )`,
  `CREATE TABLE queue.progress (
     id uuid PRIMARY KEY,
     name text NOT NULL,
     fraction double precision NOT NULL CHECK (fraction BETWEEN 0 AND 1),
     note text,
     at timestamptz NOT NULL DEFAULT now()
   )`,
  // Whose claim it is, in a column of pg-boss's tracing, which stays off. Unset: a session of somebody else's, who looks after it.
  `CREATE FUNCTION queue.mark_claim() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     NEW.trace_context := nullif(current_setting('stillpoint.worker', true), '')::jsonb;
     RETURN NEW;
   END $$`,
  `CREATE TRIGGER ${claimTrigger.name} ${claimTrigger.definition.replace('%', 'queue.job')}`,
];
