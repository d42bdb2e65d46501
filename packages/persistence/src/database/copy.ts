// COPY over a connection of `pg`, with back-pressure in both directions.
import { Readable, type Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from, to } from 'pg-copy-streams';

/** Resolves to the number of rows when they are in. What `chunks` throws is thrown, and the COPY fails with it. */
export async function writeCopy(
  client: ClientBase,
  text: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  const stream = client.query(from(text));
  await pipeline(Readable.from(chunks), stream as Writable);
  return stream.rowCount;
}

/** Left early, the rest is read and thrown away: the session can go on only after the end of the COPY. */
export async function* readCopy(
  client: ClientBase,
  text: string,
): AsyncGenerator<Uint8Array, void> {
  const stream = client.query(to(text));
  let ended = false;
  const end = finished(stream, { cleanup: true }).finally(() => (ended = true));
  end.catch(() => {});
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false }))
      yield chunk as Uint8Array;
  } finally {
    if (!ended) {
      stream.resume();
      await end;
    }
  }
}
