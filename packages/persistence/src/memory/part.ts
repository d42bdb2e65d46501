// The tables of memory. Embeddings are real[], which every server has and pgvector casts from: what pgvector searches is a second
// table that a trigger keeps, so it can come, go and come again without touching an item.
import type { ChamberFacts, ChamberPart } from '../chambers/contract.ts';
import { literal } from '../database/index.ts';
import { firstStatuses, statuses, transitions } from './statuses.ts';

/** pgvector's own limit, and that of a page. */
export const MOST_DIMENSIONS = 4000;

const list = (names: readonly string[]): string => names.map(literal).join(', ');
const allowed = Object.entries(transitions)
  .flatMap(([from, next]) => next.map((to) => `(${literal(from)}, ${literal(to)})`))
  .join(', ');

const tables = [
  `CREATE TABLE vectors.items (
     id uuid PRIMARY KEY DEFAULT stillpoint.uuidv7(),
     text text NOT NULL,
     metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
     status text NOT NULL CHECK (status IN (${list(statuses)})),
     source text,
     created timestamptz NOT NULL DEFAULT now(),
     updated timestamptz NOT NULL DEFAULT now(),
     embedder text NOT NULL,
     embedder_version text NOT NULL,
     dimensions int NOT NULL CHECK (dimensions BETWEEN 1 AND ${MOST_DIMENSIONS}),
     embedding real[] NOT NULL CHECK (array_ndims(embedding) = 1 AND array_lower(embedding, 1) = 1
       AND cardinality(embedding) = dimensions AND array_position(embedding, NULL) IS NULL),
     changed xid8 NOT NULL DEFAULT pg_current_xact_id()
   )`,
  'CREATE INDEX items_embedder ON vectors.items (embedder, embedder_version, dimensions, status)',
  'CREATE INDEX items_changed ON vectors.items (changed)',
  `CREATE FUNCTION vectors.keep_item() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     IF TG_OP = 'INSERT' THEN
       IF NEW.status NOT IN (${list(firstStatuses)}) THEN
         RAISE EXCEPTION 'an item does not begin as %', NEW.status USING ERRCODE = 'check_violation';
       END IF;
     ELSE
       IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (${allowed}) THEN
         RAISE EXCEPTION 'a % item does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
       END IF;
       IF (NEW.id, NEW.text, NEW.created) IS DISTINCT FROM (OLD.id, OLD.text, OLD.created) THEN
         RAISE EXCEPTION 'the text of an item does not change: retract it and remember another'
           USING ERRCODE = 'check_violation';
       END IF;
       NEW.updated := clock_timestamp();
     END IF;
     -- By this a process that keeps embeddings in its memory finds what is new (scan.ts).
     NEW.changed := pg_current_xact_id();
     RETURN NEW;
   END $$`,
];

/** Without pgvector, or the right to create it, there is no second table, and the search is done in the process. */
const settle = ({ extensions }: Pick<ChamberFacts, 'extensions'>): readonly string[] =>
  extensions.has('vector') ? [createExtension, createNearest] : [];

const createExtension = `DO $settle$ BEGIN
  CREATE EXTENSION IF NOT EXISTS vector SCHEMA vectors;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $settle$`;

const createNearest = `DO $settle$
DECLARE place text := (SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e
  JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector');
BEGIN
  IF place IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_trigger
    WHERE tgrelid = 'vectors.items'::regclass AND tgname = 'stillpoint_nearest' AND tgenabled = 'O') THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE IF NOT EXISTS vectors.nearest (
    item uuid PRIMARY KEY REFERENCES vectors.items (id) ON DELETE CASCADE,
    embedder text NOT NULL, embedder_version text NOT NULL, dimensions int NOT NULL, status text NOT NULL,
    embedding %s.vector NOT NULL)', place);
  ALTER TABLE vectors.nearest ALTER COLUMN embedding SET STORAGE MAIN;
  EXECUTE format('CREATE OR REPLACE FUNCTION vectors.keep_nearest() RETURNS trigger LANGUAGE plpgsql AS $keep$
    BEGIN
      INSERT INTO vectors.nearest (item, embedder, embedder_version, dimensions, status, embedding)
      VALUES (NEW.id, NEW.embedder, NEW.embedder_version, NEW.dimensions, NEW.status, NEW.embedding::%s.vector)
      ON CONFLICT (item) DO UPDATE SET embedder = excluded.embedder, embedder_version = excluded.embedder_version,
        dimensions = excluded.dimensions, status = excluded.status, embedding = excluded.embedding;
      RETURN NULL;
    END $keep$', place);
  CREATE OR REPLACE TRIGGER stillpoint_nearest AFTER INSERT OR UPDATE ON vectors.items
    FOR EACH ROW EXECUTE FUNCTION vectors.keep_nearest();
  ALTER TABLE vectors.items ENABLE TRIGGER stillpoint_nearest;
  DELETE FROM vectors.nearest;
  EXECUTE format('INSERT INTO vectors.nearest (item, embedder, embedder_version, dimensions, status, embedding)
    SELECT id, embedder, embedder_version, dimensions, status, embedding::%s.vector FROM vectors.items', place);
END $settle$`;

export const memoryPart: ChamberPart = {
  name: 'memory',
  schema: 'vectors',
  steps: [() => tables],
  settle,
  expects: [
    {
      kind: 'grants',
      table: 'vectors.items',
      privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    },
    {
      kind: 'trigger',
      table: 'vectors.items',
      trigger: 'stillpoint_item',
      definition: 'BEFORE INSERT OR UPDATE ON % FOR EACH ROW EXECUTE FUNCTION vectors.keep_item()',
    },
    // In the row as long as a page has room: a scan reads each of them. Floats do not compress.
    { kind: 'storage', table: 'vectors.items', column: 'embedding', storage: 'main' },
    { kind: 'storage', table: 'vectors.items', column: 'metadata', storage: 'document' },
  ],
};
