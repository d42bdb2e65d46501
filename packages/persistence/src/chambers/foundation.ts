// What all parts stand on: the schemas, two functions, and the list of parts. And what holds in a chamber for tables of which no
// part speaks.
import type { ServerFacts } from '../database/contract.ts';
import type { ChamberName, ChamberPart, Expectation, Privilege } from './contract.ts';

export const chamberNames: readonly ChamberName[] = [
  'public',
  'vectors',
  'traces',
  'queue',
  'verbatim',
];

/** Bookkeeping of ours and of the engine's stamp. The application may read who is here, and use the functions. */
export const OWN_SCHEMA = 'stillpoint';

/** The application's rights on a table of which no part speaks. */
export const chamberPrivileges: Readonly<Record<ChamberName, readonly Privilege[]>> = {
  public: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  vectors: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  traces: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  queue: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  verbatim: ['SELECT', 'INSERT'],
};

/** A part's own expectations come after these, and win. */
export const chamberExpectations: readonly Expectation[] = [
  {
    // Jobs live for seconds: dead rows are taken away at once, and room is left on the page for the next state of a job.
    kind: 'parameters',
    table: 'queue.*',
    parameters: {
      fillfactor: 70,
      autovacuum_enabled: true,
      autovacuum_vacuum_scale_factor: 0.01,
      autovacuum_vacuum_threshold: 200,
      autovacuum_vacuum_cost_delay: 0,
      autovacuum_analyze_scale_factor: 0.02,
      'toast.autovacuum_vacuum_scale_factor': 0.01,
      'toast.autovacuum_vacuum_cost_delay': 0,
    },
  },
];

/**
 * RFC 9562, version 7: 48 bits of milliseconds, 12 bits of the fraction (method 3, as Postgres 18 does), the rest random. The
 * random part and the variant come from a UUID of version 4.
 */
const UUIDV7 = `
  SELECT pg_catalog.encode(
    overlay(overlay(pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
      PLACING substring(pg_catalog.int8send(us / 1000) FROM 3) FROM 1 FOR 6)
      PLACING pg_catalog.int2send((28672 + us % 1000 * 4096 / 1000)::pg_catalog.int2) FROM 7 FOR 2),
    'hex')::pg_catalog.uuid
  FROM (SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8 AS us) AS clock`;

const foundation = (facts: Pick<ServerFacts, 'version'>): readonly string[] => [
  ...chamberNames
    .filter((name) => name !== 'public')
    .map((name) => `CREATE SCHEMA IF NOT EXISTS ${name}`),
  `CREATE FUNCTION stillpoint.uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
   AS $$${facts.version >= 180_000 ? 'SELECT pg_catalog.uuidv7()' : UUIDV7}$$`,
  // For optimistic concurrency the version counts each UPDATE; whoever wrote first is never overwritten unseen.
  `CREATE FUNCTION stillpoint.touch() RETURNS trigger LANGUAGE plpgsql
   AS $$BEGIN
     NEW.updated := pg_catalog.now();
     NEW.version := OLD.version + 1;
     RETURN NEW;
   END$$`,
];

/** Version 0 to 1 and so on, like any part; its table and schema are made before it (install.ts). */
export const foundationPart: ChamberPart = {
  name: 'foundation',
  schema: 'public',
  steps: [foundation],
  expects: [],
};

/** Puts `updated` and `version` on at each UPDATE. For every table with the base columns. */
export function touchTrigger(table: string): Expectation {
  return {
    kind: 'trigger',
    table,
    trigger: 'stillpoint_touch',
    definition: 'BEFORE UPDATE ON % FOR EACH ROW EXECUTE FUNCTION stillpoint.touch()',
  };
}
