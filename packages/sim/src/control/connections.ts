// The clients of a run: one JSON-RPC 2.0 message a line, each way. Whatever a client does, it can hurt only itself: lines and what is
// asked for at once have limits, and answers that nobody reads end the connection.
import type { Server, Socket } from 'node:net';
import * as wire from './wire.ts';

export interface Client {
  /** Aborted: it asks nothing more, and may be gone. */
  readonly saidAll: AbortSignal;
  /** Aborted: it is gone. */
  readonly gone: AbortSignal;
}

/** Carries out one call. Rejects with a Refusal. */
export interface Methods {
  call(method: string, parameters: unknown, client: Client): Promise<unknown>;
}

export interface Clients {
  /** Writes out what was answered, takes no more, and ends. */
  close(): Promise<void>;
}

const lineBytesMax = 1024 * 1024;
const callsAtOnce = 100;
const unreadBytesMax = 1024 * 1024;
const clientsMax = 200;
/** One that does not read its last answers is left. */
const lastAnswersMs = 500;

export function acceptClients(server: Server, methods: Methods): Clients {
  const clients = new Set<Socket>();
  server.maxConnections = clientsMax;
  server.on('connection', (socket) => {
    clients.add(socket);
    socket.once('close', () => clients.delete(socket));
    serve(socket, methods);
  });
  return {
    async close() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      // What was answered in this very moment is written first.
      setImmediate(() => {
        for (const socket of clients) socket.end();
      });
      const timer = setTimeout(() => {
        for (const socket of clients) socket.destroy();
      }, lastAnswersMs);
      await closed.promise;
      clearTimeout(timer);
    },
  };
}

function serve(socket: Socket, methods: Methods): void {
  const gone = new AbortController();
  const saidAll = new AbortController();
  const client = { gone: gone.signal, saidAll: saidAll.signal };
  let calls = 0;
  let ended = false;
  let pieces: Buffer[] = [];
  let bytes = 0;
  const answer = (what: wire.Answer): void => {
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(wire.line(what));
    if (socket.writableLength > unreadBytesMax) socket.destroy();
  };
  const endWhenAnswered = (): void => {
    if (ended && calls === 0) socket.end();
  };
  const take = async (line: string): Promise<void> => {
    const read = wire.readCall(line);
    if ('refusal' in read) return answer(wire.refusedAnswer(read.id, read.refusal));
    const { id, method, parameters } = read;
    const tell = (what: wire.Answer): void => {
      if (id !== undefined) answer(what);
    };
    if (calls >= callsAtOnce)
      return tell(wire.refusedAnswer(id ?? null, wire.refusals.tooManyCalls(callsAtOnce)));
    calls += 1;
    try {
      const result = await methods.call(method, parameters, client);
      tell({ jsonrpc: '2.0', id: id ?? null, result });
    } catch (error) {
      tell(wire.refusedAnswer(id ?? null, wire.refusalOf(error)));
    }
    calls -= 1;
    endWhenAnswered();
  };
  socket.on('data', (chunk: Buffer) => {
    let rest = chunk;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const line = Buffer.concat([...pieces, rest.subarray(0, end)]);
      rest = rest.subarray(end + 1);
      pieces = [];
      bytes = 0;
      if (line.length > lineBytesMax) return refuseLine();
      const text = line.toString('utf8');
      if (text.trim() !== '') void take(text);
    }
    if (rest.length === 0) return;
    pieces.push(rest);
    bytes += rest.length;
    if (bytes > lineBytesMax) refuseLine();
  });
  const refuseLine = (): void => {
    pieces = [];
    socket.removeAllListeners('data');
    answer(wire.refusedAnswer(null, wire.refusals.lineTooLong(lineBytesMax)));
    // What it goes on to write is not kept, nor waited for.
    socket.end(() => socket.destroy());
  };
  socket.once('end', () => {
    ended = true;
    saidAll.abort();
    endWhenAnswered();
  });
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    saidAll.abort();
    gone.abort();
  });
}
