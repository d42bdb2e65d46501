// Reads the wire of a connection that `pg` has opened and authenticated, message by message, after taking its socket
// over. `pg`'s own parser pushes: it has no back-pressure, and copies every byte. Here the consumer pulls, the socket is
// paused in between, and the server waits: memory stays at one socket chunk plus one message. Bulk is handed on as it came, in
// pieces of the socket's chunks: only a message that somebody wants whole, and that lies across chunks, is copied.
// INVARIANT: once taken over, the connection never goes back to `pg`; it is ended when the copy is.
import type { Client } from 'pg';
import type { Duplex } from 'node:stream';

export interface WireMessage {
  /** The message's type byte, as a character code. */
  readonly type: number;
  readonly body: Buffer;
}

/** A message whose body is there only as far as it has come. */
export interface BegunMessage extends WireMessage {
  /** Bytes of the body that are still to come. */
  readonly leftBytes: number;
}

export interface CopyReader extends AsyncDisposable {
  /** As next(), but with the body as far as it has come, at least a byte of it. What is left of it and not read is passed over. */
  begin(): Promise<BegunMessage>;
  /** The next piece of the body of the message that was begun; undefined when there is no more. */
  more(): Promise<Buffer | undefined>;
  /** The next message; rejects with the server's error, or when the connection ends. Notices are passed over. */
  next(): Promise<WireMessage>;
  send(type: string, body: Uint8Array): void;
}

/** An error the server reported in the middle of a copy. */
export interface ServerError extends Error {
  readonly code: string;
}

const HEADER_BYTES = 5;
const ERROR = 0x45;
const NOTICE = 0x4e;
const PARAMETER = 0x53;

/** Sends `command` and hands the socket over. `client` must be idle. */
export function startCopy(client: Client, command: string, signal: AbortSignal): CopyReader {
  signal.throwIfAborted();
  const socket: Duplex = client.connection.stream;
  socket.removeAllListeners('data');
  socket.pause();
  const abort = (): void => void socket.destroy(asError(signal.reason));
  signal.addEventListener('abort', abort, { once: true });
  const chunks: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]();
  const write = (type: string, body: Uint8Array): void => {
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(type, 0, 'latin1');
    header.writeUInt32BE(body.length + 4, 1);
    if (socket.writable) socket.write(Buffer.concat([header, body]));
  };
  let pending: Buffer = Buffer.alloc(0);

  const nextChunk = async (): Promise<Buffer> => {
    const chunk = await chunks.next();
    signal.throwIfAborted();
    if (chunk.done === true) throw new Error('the server closed the replication connection');
    return chunk.value;
  };
  let leftBytes = 0;
  const more = async (): Promise<Buffer | undefined> => {
    if (leftBytes === 0) return undefined;
    if (pending.length === 0) pending = await nextChunk();
    const piece = pending.subarray(0, leftBytes);
    pending = pending.subarray(piece.length);
    leftBytes -= piece.length;
    return piece;
  };
  const beginAny = async (): Promise<BegunMessage> => {
    while ((await more()) !== undefined);
    while (pending.length < HEADER_BYTES) {
      const chunk = await nextChunk();
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    }
    const type = pending[0]!;
    leftBytes = pending.readUInt32BE(1) + 1 - HEADER_BYTES;
    pending = pending.subarray(HEADER_BYTES);
    const body = (await more()) ?? Buffer.alloc(0);
    return { type, body, leftBytes };
  };
  const whole = async (begun: BegunMessage): Promise<WireMessage> => {
    if (begun.leftBytes === 0) return begun;
    const body = Buffer.allocUnsafe(begun.body.length + begun.leftBytes);
    let filled = begun.body.copy(body);
    for (let piece = await more(); piece !== undefined; piece = await more()) {
      filled += piece.copy(body, filled);
    }
    return { type: begun.type, body };
  };
  const begin = async (): Promise<BegunMessage> => {
    for (;;) {
      const begun = await beginAny();
      if (begun.type === ERROR) throw serverError((await whole(begun)).body);
      if (begun.type !== NOTICE && begun.type !== PARAMETER) return begun;
    }
  };

  write('Q', Buffer.from(`${command}\0`, 'utf8'));
  return {
    send: write,
    begin,
    more,
    next: async () => whole(await begin()),
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', abort);
      write('X', new Uint8Array());
      socket.destroy();
      // `pg` sees its connection end without having ended it; the client's own error handler swallows that.
      await client.end().catch(() => {});
    },
  };
}

/** Text values of a DataRow message. */
export function rowValues(body: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let offset = 2;
  for (let column = body.readInt16BE(0); column > 0; column -= 1) {
    const length = body.readInt32BE(offset);
    offset += 4;
    values.push(length < 0 ? null : body.toString('utf8', offset, offset + length));
    offset += Math.max(length, 0);
  }
  return values;
}

function serverError(body: Buffer): ServerError {
  const fields = new Map<string, string>();
  for (const field of body.toString('utf8').split('\0')) {
    if (field !== '') fields.set(field.slice(0, 1), field.slice(1));
  }
  const error = new Error(fields.get('M') ?? 'unknown error of the server');
  return Object.assign(error, { code: fields.get('C') ?? '' });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
