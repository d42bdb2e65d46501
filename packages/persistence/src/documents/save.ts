// Saving a version: one statement that moves the run on and writes the document, or does neither.
import { failure, type Digest } from '@stillpoint/core';
import type { Transaction } from '../database/contract.ts';
import { refusedJson } from '../jsonb/index.ts';
import type { StateVersion } from './contract.ts';
import type { Payload } from './payload.ts';

/** Each waits for whoever moves the same run on right now, and looks again after its commit. */
const heads = {
  first: `INSERT INTO public.state_runs (run, version) VALUES ($1, 1) ON CONFLICT DO NOTHING RETURNING version`,
  // What was read before a restore may have the number of something else.
  next: `UPDATE public.state_runs SET version = version + 1 WHERE run = $1 AND version = $6::int AND ($7::text IS NULL
         OR $7::text = (SELECT digest FROM public.state_documents WHERE run = $1 AND version = $6::int)) RETURNING version`,
  any: `INSERT INTO public.state_runs AS runs (run, version) VALUES ($1, 1)
        ON CONFLICT (run) DO UPDATE SET version = runs.version + 1 RETURNING version`,
};

const statement = (head: keyof typeof heads): string => `
  WITH head AS (${heads[head]})
  INSERT INTO public.state_documents (run, version, digest, size, document, exact)
  SELECT $1, head.version, $2::text, $3::int, $4::jsonb, $5::bytea FROM head RETURNING version, at`;

const statements = {
  first: statement('first'),
  next: statement('next'),
  any: statement('any'),
};

export interface Expected {
  readonly version: number;
  /** null: whatever it holds. */
  readonly digest: Digest | null;
}

export async function saveVersion(
  transaction: Transaction,
  runId: string,
  { digest, sizeBytes, document, exact }: Payload,
  expected: Expected | undefined,
): Promise<StateVersion> {
  const head = expected === undefined ? 'any' : expected.version === 0 ? 'first' : 'next';
  const values: unknown[] = [runId, digest, sizeBytes, document, exact];
  if (head === 'next') values.push(expected?.version, expected?.digest);
  const { rows } = await transaction
    .query<{ readonly version: number; readonly at: Date }>(statements[head], values)
    .catch((error: unknown) => {
      throw refusedJson(error);
    });
  const [row] = rows;
  if (row === undefined) throw await conflict(transaction, runId, expected?.version ?? 0);
  return { runId, version: row.version, at: row.at, digest, sizeBytes };
}

async function conflict(transaction: Transaction, runId: string, expected: number): Promise<Error> {
  const { rows } = await transaction.query<{ readonly version: number }>(
    'SELECT version FROM public.state_runs WHERE run = $1',
    [runId],
  );
  const found = rows[0]?.version ?? 0;
  const other = expected > 0 && found === expected;
  return failure('STATE_CONFLICT', {
    run: runId,
    expected: other ? `${expected} of before a restore` : expected,
    found,
  });
}
