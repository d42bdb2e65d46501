// The table of spans, a partition a day (UTC), and one for what belongs to no day that was made: no span is ever refused for its time.
// The application may add and read. Days are made and dropped by functions with their owner's rights, each under a lock that waits
// for a second at most: writers that queue behind it never wait for longer.
import type { ChamberFacts, ChamberPart } from '../chambers/contract.ts';

/** Rows are only added: autovacuum comes for the visibility map and for what was left by failed batches. */
const addedOnly = {
  autovacuum_vacuum_insert_scale_factor: 0.2,
  autovacuum_vacuum_insert_threshold: 20_000,
  autovacuum_analyze_scale_factor: 0.1,
};
const withParameters = Object.entries(addedOnly)
  .map(([name, value]) => `${name} = ${value}`)
  .join(', ');

/** Who makes or drops a day. Any number will do that nobody else takes. */
const DAYS_LOCK = 357_896_375_376n;
const DAY_NS = 86_400_000_000_000n;

const tables = [
  `CREATE TABLE traces.spans (
     trace_id bytea NOT NULL CHECK (octet_length(trace_id) = 16),
     span_id bytea NOT NULL CHECK (octet_length(span_id) = 8),
     parent_id bytea CHECK (octet_length(parent_id) = 8),
     name text NOT NULL,
     kind smallint NOT NULL,
     start_ns bigint NOT NULL,
     duration_ns bigint NOT NULL CHECK (duration_ns >= 0),
     status smallint NOT NULL,
     status_message text,
     trace_state text,
     service text,
     scope text,
     attributes jsonb NOT NULL,
     events jsonb NOT NULL,
     links jsonb NOT NULL,
     resource jsonb NOT NULL,
     cut int NOT NULL,
     PRIMARY KEY (trace_id, span_id, start_ns)
   ) PARTITION BY RANGE (start_ns)`,
  `CREATE INDEX spans_start ON traces.spans USING brin (start_ns)`,
  // A name is as long as its author likes; an entry of an index is not.
  `CREATE INDEX spans_slowest ON traces.spans (left(name, 200) COLLATE "C", duration_ns)`,
  `CREATE INDEX spans_roots ON traces.spans (start_ns) WHERE parent_id IS NULL`,
  `CREATE INDEX spans_errors ON traces.spans (start_ns) WHERE status = 2`,
  `CREATE TABLE traces.spans_default PARTITION OF traces.spans DEFAULT WITH (${withParameters})`,
  `CREATE TABLE traces.dropped (
     id uuid PRIMARY KEY,
     reason text NOT NULL,
     spans bigint NOT NULL CHECK (spans > 0),
     first_at timestamptz NOT NULL,
     last_at timestamptz NOT NULL,
     noted_at timestamptz NOT NULL DEFAULT now()
   )`,
];

const asOwner = `LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s'`;

/** Made again with each settling: they name the application's role. */
const functions = (appRole: string): readonly string[] => [
  // The table is filled before it becomes a partition, so that only the default partition is locked against everybody, and
  // writers of other days go on. Rows that came before their day was made are moved.
  `CREATE OR REPLACE FUNCTION traces.make_day(day date) RETURNS boolean ${asOwner} AS $make$
   DECLARE
     name text := 'spans_' || to_char(day, 'YYYYMMDD');
     first bigint := (day - date '1970-01-01')::bigint * ${DAY_NS};
   BEGIN
     IF to_regclass(format('traces.%I', name)) IS NOT NULL THEN RETURN false; END IF;
     PERFORM pg_advisory_xact_lock(${DAYS_LOCK}::bigint);
     LOCK TABLE traces.spans IN SHARE UPDATE EXCLUSIVE MODE;
     -- Who waited asks the table itself: the session's memory of names may still say that there is none.
     IF EXISTS (SELECT FROM pg_class c WHERE c.relname = name AND c.relnamespace = 'traces'::regnamespace) THEN
       RETURN false;
     END IF;
     LOCK TABLE traces.spans_default IN ACCESS EXCLUSIVE MODE;
     EXECUTE format('CREATE TABLE traces.%I (LIKE traces.spans INCLUDING ALL) WITH (${withParameters})', name);
     EXECUTE format('REVOKE ALL ON traces.%I FROM ${quoted(appRole)}, PUBLIC', name);
     EXECUTE format('GRANT SELECT, INSERT ON traces.%I TO ${quoted(appRole)}', name);
     EXECUTE format('WITH early AS (DELETE FROM traces.spans_default WHERE start_ns >= %s AND start_ns < %s RETURNING *)
       INSERT INTO traces.%I SELECT * FROM early', first, first + ${DAY_NS}, name);
     EXECUTE format('ALTER TABLE traces.spans ATTACH PARTITION traces.%I FOR VALUES FROM (%s) TO (%s)',
       name, first, first + ${DAY_NS});
     RETURN true;
   END $make$`,
  // One a call, the oldest: a transaction that dropped many would hold the lock for long. NULL: there is none.
  `CREATE OR REPLACE FUNCTION traces.drop_day(before date) RETURNS date ${asOwner} AS $drop$
   DECLARE
     name text;
   BEGIN
     PERFORM pg_advisory_xact_lock(${DAYS_LOCK}::bigint);
     SELECT c.relname INTO name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = 'traces.spans'::regclass AND c.relname ~ '^spans_[0-9]{8,}$'
         AND to_date(substr(c.relname, 7), 'YYYYMMDD') < before
       ORDER BY c.relname LIMIT 1;
     IF name IS NULL THEN
       DELETE FROM traces.spans_default WHERE start_ns < (before - date '1970-01-01')::bigint * ${DAY_NS};
       DELETE FROM traces.dropped WHERE last_at < before::timestamp AT TIME ZONE 'UTC';
       RETURN NULL;
     END IF;
     EXECUTE format('DROP TABLE IF EXISTS traces.%I', name);
     RETURN to_date(substr(name, 7), 'YYYYMMDD');
   END $drop$`,
  ...['make_day', 'drop_day'].flatMap((name) => [
    `REVOKE ALL ON FUNCTION traces.${name}(date) FROM PUBLIC`,
    `GRANT EXECUTE ON FUNCTION traces.${name}(date) TO ${appRole}`,
  ]),
];

/** A quoted name inside of a text of SQL that format() reads. */
function quoted(name: string): string {
  return name.replaceAll("'", "''").replaceAll('%', '%%');
}

const large = ['attributes', 'events'] as const;

export const tracesPart: ChamberPart = {
  name: 'traces',
  schema: 'traces',
  steps: [() => tables],
  settle: ({ appRole }: ChamberFacts) => functions(appRole),
  expects: [
    { kind: 'grants', table: 'traces.spans', privileges: ['SELECT', 'INSERT'] },
    { kind: 'grants', table: 'traces.dropped', privileges: ['SELECT', 'INSERT'] },
    { kind: 'parameters', table: 'traces.spans', parameters: addedOnly },
    ...large.map((column) => ({
      kind: 'storage' as const,
      table: 'traces.spans',
      column,
      storage: 'document' as const,
    })),
  ],
};
