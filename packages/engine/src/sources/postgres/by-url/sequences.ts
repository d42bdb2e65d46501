// Sequences belong to no transaction: pg_dump would keep their values of whenever it comes by. So they are read in the freeze,
// after the snapshot of the rows, and set after the restore: a value may be too high if a writer held no lock, never too low.
import type { Client } from 'pg';
import { USER_SCHEMAS } from '../schema-digest.ts';
import { escapeIdentifier } from '../pg-client.ts';
import { qualified } from './facts.ts';
import type { SequenceValue } from './record.ts';

interface Sequence {
  readonly schema: string;
  readonly name: string;
}

export interface SequenceReader {
  /** One round trip. Rejects when one was dropped since the reader was made. */
  read(): Promise<readonly SequenceValue[]>;
}

/** A statement of too many parts is more than the planner's stack holds. */
const PARTS_MOST = 200;

/** Plans everything, so that reading takes no longer than it must. */
export async function prepareSequences(client: Client): Promise<SequenceReader> {
  const sequences = await listSequences(client);
  const names: string[] = [];
  for (let at = 0; at < sequences.length; at += PARTS_MOST) {
    const name = escapeIdentifier(`stillpoint_sequences_${at}`);
    const parts = sequences.slice(at, at + PARTS_MOST).map(selectOne);
    await client.query(`PREPARE ${name} AS ${parts.join(' UNION ALL ')}`);
    names.push(name);
  }
  const text = ['SELECT 1', ...names.map((name) => `EXECUTE ${name}`)].join('; ');
  return {
    async read() {
      const results = (await client.query(text)) as unknown;
      const values = Array.isArray(results) ? (results.slice(1) as { rows: Value[] }[]) : [];
      return values.flatMap(({ rows }, batch) =>
        rows.map(({ part, value, called }) => {
          const { schema, name } = sequences[batch * PARTS_MOST + part]!;
          return { schema, name, value, called };
        }),
      );
    },
  };
}

interface Value {
  readonly part: number;
  readonly value: string;
  readonly called: boolean;
}

function selectOne(sequence: Sequence, part: number): string {
  return `SELECT ${part} AS part, last_value::text AS value, is_called AS called FROM ${qualified(sequence)}`;
}

async function listSequences(client: Client): Promise<readonly Sequence[]> {
  const { rows } = await client.query<Sequence>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind = 'S' AND relpersistence <> 't' AND relnamespace IN (${USER_SCHEMAS})
        AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
      ORDER BY 1, 2`,
  );
  return rows;
}

export async function setSequences(
  client: Client,
  values: readonly SequenceValue[],
): Promise<void> {
  await client.query(
    `SELECT setval(format('%I.%I', s.schema, s.name)::regclass, s.value, s.called)
       FROM unnest($1::text[], $2::text[], $3::int8[], $4::bool[]) AS s(schema, name, value, called)`,
    [
      values.map(({ schema }) => schema),
      values.map(({ name }) => name),
      values.map(({ value }) => value),
      values.map(({ called }) => called),
    ],
  );
}

/** Those that are not as captured, 'schema.name'. */
export async function wrongSequences(
  client: Client,
  expected: readonly SequenceValue[],
): Promise<readonly string[]> {
  const reader = await prepareSequences(client);
  const keyOf = (one: SequenceValue): string => JSON.stringify([one.schema, one.name]);
  const present = new Map((await reader.read()).map((one) => [keyOf(one), one]));
  return expected
    .filter((one) => {
      const found = present.get(keyOf(one));
      return found?.value !== one.value || found.called !== one.called;
    })
    .map(({ schema, name }) => `${schema}.${name}`);
}
