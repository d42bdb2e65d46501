// The tables of facts. What the law asks is held here, against whoever writes SQL: one chain for a key, times that rise along it,
// and no change. The owner of a table can take its trigger off; then doctor says that it is missing.
import type { ChamberPart, Expectation } from '../chambers/contract.ts';

/** An entry of an index ends at a third of a page. */
export const KEY_BYTES = 1024;

const tables = [
  // Compared byte by byte: a collation would fold in its own way, and a prefix could not use the index.
  `CREATE TABLE verbatim.facts (
     id uuid PRIMARY KEY DEFAULT stillpoint.uuidv7(),
     key text NOT NULL,
     folded text COLLATE "C" NOT NULL CHECK (octet_length(folded) BETWEEN 1 AND ${KEY_BYTES}),
     phrase text COLLATE "C" CHECK (octet_length(phrase) BETWEEN 1 AND ${KEY_BYTES * 2}),
     value jsonb NOT NULL,
     source text NOT NULL CHECK (source <> ''),
     stated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     revision int NOT NULL DEFAULT 1 CHECK (revision >= 1),
     supersedes uuid,
     previous int GENERATED ALWAYS AS (revision - 1) STORED,
     CHECK ((revision = 1) = (supersedes IS NULL)),
     UNIQUE (folded, revision),
     UNIQUE (id, folded, revision),
     CONSTRAINT facts_chain FOREIGN KEY (supersedes, folded, previous) REFERENCES verbatim.facts (id, folded, revision)
   )`,
  `CREATE INDEX facts_phrase ON verbatim.facts (phrase) WHERE revision = 1`,
  `CREATE TABLE verbatim.aliases (
     id uuid PRIMARY KEY DEFAULT stillpoint.uuidv7(),
     alias text NOT NULL,
     folded text COLLATE "C" NOT NULL CHECK (octet_length(folded) BETWEEN 1 AND ${KEY_BYTES}),
     phrase text COLLATE "C" CHECK (octet_length(phrase) BETWEEN 1 AND ${KEY_BYTES * 2}),
     key_folded text COLLATE "C" NOT NULL,
     key_revision int NOT NULL DEFAULT 1 CHECK (key_revision = 1),
     stated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     UNIQUE (folded, key_folded),
     FOREIGN KEY (key_folded, key_revision) REFERENCES verbatim.facts (folded, revision)
   )`,
  `CREATE INDEX aliases_phrase ON verbatim.aliases (phrase)`,
  `CREATE FUNCTION verbatim.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     RAISE EXCEPTION '% of verbatim.% is refused: facts are never changed, they are superseded', TG_OP, TG_TABLE_NAME
       USING ERRCODE = 'restrict_violation';
   END $$`,
  // The clock may go back; a chain does not. Whole milliseconds, as a Date has them: asking as of a fact's own time finds it.
  `CREATE FUNCTION verbatim.state_time() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     NEW.stated_at := greatest(date_trunc('milliseconds', clock_timestamp()),
       (SELECT stated_at FROM verbatim.facts WHERE id = NEW.supersedes));
     RETURN NEW;
   END $$`,
];

function guarded(table: string): readonly Expectation[] {
  return [
    { kind: 'grants', table, privileges: ['SELECT', 'INSERT'] },
    {
      kind: 'trigger',
      table,
      trigger: 'stillpoint_immutable',
      definition:
        'BEFORE UPDATE OR DELETE OR TRUNCATE ON % FOR EACH STATEMENT EXECUTE FUNCTION verbatim.refuse_change()',
      enabled: 'always',
    },
    // Through a table that it was made to inherit from, rows are changed without a word to the statement's trigger.
    {
      kind: 'trigger',
      table,
      trigger: 'stillpoint_immutable_row',
      definition:
        'BEFORE UPDATE OR DELETE ON % FOR EACH ROW EXECUTE FUNCTION verbatim.refuse_change()',
      enabled: 'always',
    },
  ];
}

export const verbatimPart: ChamberPart = {
  name: 'verbatim',
  schema: 'verbatim',
  steps: [() => tables],
  expects: [
    ...guarded('verbatim.facts'),
    ...guarded('verbatim.aliases'),
    {
      kind: 'trigger',
      table: 'verbatim.facts',
      trigger: 'stillpoint_stated',
      definition: 'BEFORE INSERT ON % FOR EACH ROW EXECUTE FUNCTION verbatim.state_time()',
    },
    { kind: 'storage', table: 'verbatim.facts', column: 'value', storage: 'document' },
  ],
};
