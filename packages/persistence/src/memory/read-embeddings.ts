// Embeddings out of the server by COPY BINARY: as text they would be five times as long, and take most of the time to parse.
import { literal } from '../database/index.ts';
import type { ServerFacts, Transaction } from '../database/contract.ts';
import type { EmbedderIdentity } from './embedding.ts';
import type { MemoryStatus } from './statuses.ts';

export interface StoredEmbedding {
  readonly id: string;
  readonly status: MemoryStatus;
  /** 8 bytes for each number: a length that is 4, and a float32 of the network's order. */
  readonly elements: Buffer;
}

/** Transactions from, up to and without; undefined: all items. */
export interface ChangedIn {
  readonly from: bigint;
  readonly to: bigint;
}

const SIGNATURE_BYTES = 19;
const ARRAY_HEADER_BYTES = 20;

export async function* readEmbeddings(
  transaction: Transaction,
  kind: ServerFacts['kind'],
  { name, version, dimensions }: EmbedderIdentity,
  changed: ChangedIn | undefined,
): AsyncIterable<StoredEmbedding> {
  const since =
    changed === undefined
      ? ''
      : `AND changed >= '${changed.from}'::xid8 AND changed < '${changed.to}'::xid8`;
  // COPY takes no parameters.
  const where = `FROM vectors.items WHERE embedder = ${literal(name)} AND embedder_version = ${literal(version)}
    AND dimensions = ${dimensions} ${since}`;
  if (kind === 'pglite') {
    yield* readAtOnce(transaction, where);
    return;
  }
  const text = `COPY (SELECT id, status, embedding ${where}) TO STDOUT (FORMAT binary)`;
  let rest: Buffer = Buffer.alloc(0);
  let begun = false;
  for await (const chunk of transaction.copyOut(text)) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let at = 0;
    if (!begun) {
      if (rest.length < SIGNATURE_BYTES) continue;
      at = SIGNATURE_BYTES;
      begun = true;
    }
    for (;;) {
      const row = rowAt(rest, at);
      if (row === undefined) break;
      yield row.embedding;
      at = row.end;
    }
    rest = rest.subarray(at);
  }
}

/** PGlite's COPY is one to a file, which an application's role may not do; and all of it would be in memory just the same. */
async function* readAtOnce(
  transaction: Transaction,
  where: string,
): AsyncIterable<StoredEmbedding> {
  const { rows } = await transaction.query<{
    readonly id: string;
    readonly status: MemoryStatus;
    readonly sent: Buffer;
  }>(`SELECT id, status, array_send(embedding) AS sent ${where}`);
  for (const { id, status, sent } of rows)
    yield { id, status, elements: sent.subarray(ARRAY_HEADER_BYTES) };
}

/** Undefined: it has not all come yet, or it is the end. */
function rowAt(
  bytes: Buffer,
  start: number,
): { readonly embedding: StoredEmbedding; readonly end: number } | undefined {
  if (bytes.length < start + 2 || bytes.readInt16BE(start) < 0) return undefined;
  let at = start + 2;
  const fields: Buffer[] = [];
  for (let field = 0; field < 3; field += 1) {
    if (bytes.length < at + 4) return undefined;
    const length = bytes.readInt32BE(at);
    if (bytes.length < at + 4 + length) return undefined;
    fields.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const [id, status, embedding] = fields as [Buffer, Buffer, Buffer];
  return {
    embedding: {
      id: uuidText(id.toString('hex')),
      status: status.toString('latin1') as MemoryStatus,
      elements: embedding.subarray(ARRAY_HEADER_BYTES),
    },
    end: at,
  };
}

function uuidText(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
