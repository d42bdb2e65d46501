// Reading one version, and holding exact bytes to their digest.
import { digestOf, failure, type Digest } from '@stillpoint/core';
import type { Queryable } from '../database/contract.ts';
import type { State } from './contract.ts';

interface Row {
  readonly version: number;
  readonly at: Date;
  readonly digest: Digest;
  readonly size: number;
  readonly document: unknown;
  readonly exact: Buffer | null;
}

const columns = 'version, at, digest, size, document, exact';
const ofRun = `SELECT ${columns} FROM public.state_documents WHERE run = $1`;

type Read = Promise<State<unknown> | undefined>;

export async function readLatest(from: Queryable, runId: string): Read {
  return await read(from, `${ofRun} ORDER BY version DESC LIMIT 1`, [runId]);
}

export async function readAt(from: Queryable, runId: string, version: number): Read {
  return await read(from, `${ofRun} AND version = $2::int8`, [runId, version]);
}

/** The one after `version`, which may be the next, or a later one where compact() was between. */
export async function readNext(from: Queryable, runId: string, version: number): Read {
  return await read(from, `${ofRun} AND version > $2::int8 ORDER BY version LIMIT 1`, [
    runId,
    version,
  ]);
}

async function read(
  from: Queryable,
  text: string,
  values: readonly [runId: string, version?: number],
): Read {
  const { rows } = await from.query<Row>(text, values);
  const [row] = rows;
  if (row === undefined) return undefined;
  const [runId] = values;
  const { version, at, digest, size: sizeBytes, document, exact } = row;
  const common = { runId, version, at, digest, sizeBytes };
  // The null of JSON and NULL look alike here, and one of the two columns is always there.
  if (exact === null) return { ...common, exact: false, document };
  if (digestOf(exact) !== digest) throw failure('STATE_DAMAGED', { run: runId, version });
  return { ...common, exact: true, bytes: exact };
}
