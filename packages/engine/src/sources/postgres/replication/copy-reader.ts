// Reads the wire of a connection that `pg` has opened and authenticated, message by message, after taking its socket
// over. `pg`'s own parser pushes: it has no back-pressure, and copies every byte. Here the consumer pulls, the socket is
// paused in between, and the server waits: memory stays at one socket chunk plus one message.
// INVARIANT: once taken over, the connection never goes back to `pg`; it is ended when the copy is.
import type { Client } from 'pg';
import type { Duplex } from 'node:stream';

export interface WireMessage {
  /** The message's type byte, as a character code. */
  readonly type: number;
  readonly body: Buffer;
}

export interface CopyReader extends AsyncDisposable {
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
  const read = async (): Promise<WireMessage> => {
    while (pending.length < HEADER_BYTES) {
      const chunk = await nextChunk();
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    }
    const total = pending.readUInt32BE(1) + 1;
    const whole = pending.length >= total ? pending.subarray(0, total) : Buffer.allocUnsafe(total);
    if (pending.length >= total) pending = pending.subarray(total);
    else {
      // Only a message that lies across chunks is copied, not the chunks.
      let filled = pending.copy(whole);
      while (filled < total) {
        const chunk = await nextChunk();
        const taken = chunk.copy(whole, filled);
        filled += taken;
        pending = chunk.subarray(taken);
      }
    }
    return { type: whole[0]!, body: whole.subarray(HEADER_BYTES) };
  };

  write('Q', Buffer.from(`${command}\0`, 'utf8'));
  return {
    send: write,
    async next() {
      for (;;) {
        const message = await read();
        if (message.type === ERROR) throw serverError(message.body);
        if (message.type !== NOTICE && message.type !== PARAMETER) return message;
      }
    },
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
