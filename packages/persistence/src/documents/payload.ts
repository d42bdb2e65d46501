// What is saved: the bytes for one of the two columns, with their digest.
import { digestOf, failure, type Digest } from '@stillpoint/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { encodeJson, jsonBytes, JsonBytes } from '../jsonb/index.ts';
import { wordsOf } from './validate.ts';

/** bytea comes back as twice as much text, which has to fit into a string. */
export const EXACT_BYTES = 250 * 1024 * 1024;

export interface Payload {
  readonly document: JsonBytes | null;
  readonly exact: Buffer | null;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export async function payloadOf(
  runId: string,
  given: unknown,
  exact: boolean,
  schema: StandardSchemaV1 | undefined,
): Promise<Payload> {
  if (exact) return exactPayload(runId, given);
  const isBytes = given instanceof Uint8Array;
  const document = isBytes ? jsonBytes(given) : encodeJson(given);
  if (schema !== undefined && !isBytes && !(given instanceof JsonBytes))
    await refuseInvalid(runId, document, schema);
  const { bytes } = document;
  return { document, exact: null, digest: digestOf(bytes), sizeBytes: bytes.length };
}

function exactPayload(runId: string, given: unknown): Payload {
  if (!(given instanceof Uint8Array)) throw new TypeError('an exact document is a Uint8Array');
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  if (bytes.length > EXACT_BYTES)
    throw failure('STATE_TOO_LARGE', { run: runId, bytes: bytes.length, most: EXACT_BYTES });
  return { document: null, exact: bytes, digest: digestOf(bytes), sizeBytes: bytes.length };
}

/** As it will be read: a Date, say, comes back as text. */
async function refuseInvalid(
  runId: string,
  document: JsonBytes,
  schema: StandardSchemaV1,
): Promise<void> {
  const result = await schema['~standard'].validate(document.toJSON());
  if (result.issues === undefined) return;
  throw failure('STATE_INVALID', { run: runId, why: wordsOf(result.issues) });
}
