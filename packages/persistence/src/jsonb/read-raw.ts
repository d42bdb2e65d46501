// Values as the server sends them in COPY BINARY: the only way out in which `pg` hands on bytes as they are. It decodes each field of
// a query's result as UTF-8 first.
import type { Transaction } from '../database/contract.ts';
import { JsonBytes } from './json-bytes.ts';

/** The signature, no flags, and the length of an extension that nobody has defined yet. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const HEADER_BYTES = HEADER.length;

export type RawRow = readonly (Buffer | null)[];

/**
 * The rows of a query, each value in its type's binary form; NULL is null. One row at a time is in memory. COPY takes no
 * parameters: put names into `query` by identifier(), and values by literal().
 */
export async function* readRaw(
  transaction: Pick<Transaction, 'copyOut'>,
  query: string,
): AsyncGenerator<RawRow, void> {
  let parts: Uint8Array[] = [];
  let [have, needed, atHeader] = [0, HEADER_BYTES, true];
  for await (const chunk of transaction.copyOut(`COPY (${query}) TO STDOUT (FORMAT binary)`)) {
    parts.push(chunk);
    have += chunk.byteLength;
    // A large value comes in many pieces; they are put together when all are there.
    if (have < needed) continue;
    const bytes = parts.length === 1 ? asBuffer(chunk) : Buffer.concat(parts, have);
    let at = 0;
    if (atHeader) {
      if (!bytes.subarray(0, HEADER_BYTES).equals(HEADER))
        throw new TypeError('this is no COPY BINARY that is known here');
      at = HEADER_BYTES;
      atHeader = false;
    }
    for (;;) {
      const found = rowAt(bytes, at);
      if (typeof found === 'number') {
        needed = found - at;
        break;
      }
      if (found.row !== undefined) yield found.row;
      at = found.next;
    }
    const rest = bytes.subarray(at);
    parts = [rest];
    have = rest.length;
  }
}

/**
 * The documents of a query with one column of type jsonb, as JSON text in UTF-8. They are not parsed, and numbers are not rounded;
 * written again, they are not copied.
 */
export async function* readJsonBytes(
  transaction: Pick<Transaction, 'copyOut'>,
  query: string,
): AsyncGenerator<JsonBytes | null, void> {
  for await (const row of readRaw(transaction, query)) {
    const [value = null] = row;
    if (row.length !== 1 || (value !== null && value[0] !== 1))
      throw new TypeError('the query has not one column of type jsonb');
    yield value === null ? null : new JsonBytes(value);
  }
}

/** The row that begins at `at` and where it ends; its end, so far as it is known, when it is not all there. */
function rowAt(
  bytes: Buffer,
  at: number,
): { readonly row: RawRow | undefined; readonly next: number } | number {
  let next = at + 2;
  if (next > bytes.length) return next;
  const fields = bytes.readInt16BE(at);
  if (fields === -1) return { row: undefined, next };
  const row: (Buffer | null)[] = [];
  for (let field = 0; field < fields; field += 1) {
    if (next + 4 > bytes.length) return next + 4;
    const length = bytes.readInt32BE(next);
    next += 4;
    if (length < 0) {
      row.push(null);
      continue;
    }
    if (next + length > bytes.length) return next + length;
    row.push(bytes.subarray(next, next + length));
    next += length;
  }
  return { row, next };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
