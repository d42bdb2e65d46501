// One connection of `pg`, and the truth about it: is the session still there, may another caller have it? The client library
// tells a statement's error before it knows whether the session survived it; here the answer is waited for.
import { failure, isFailure } from '@stillpoint/core';
import { Client, type ClientBase, type ClientConfig } from 'pg';
import type { Answer, Asked, Conversation } from './conversation.ts';
import { readCopy, writeCopy } from './copy.ts';
import { bindUncopied, type Binder } from './uncopied.ts';

const CANCEL_LIMIT_MS = 5000;

export interface Connection extends Conversation {
  readonly client: ClientBase;
  /** Aborted when the session is gone; the reason is DATABASE_CONNECTION_LOST with the cause. */
  readonly lost: AbortSignal;
  /** The session is there, waits for a statement and is in no transaction. */
  isIdle(): boolean;
  /** Asks the server by another connection to end the running statement. Resolves when it was told, or could not be. */
  cancel(): Promise<void>;
  /** isIdle() says no from now on: nobody else is given this connection. */
  retire(): void;
  /** Without a word to the server. */
  destroy(): void;
}

/** What of the client is not in its types. The version is pinned; these tests would tell: connection.test.ts. */
interface Inside {
  readonly processID: number | null;
  readonly readyForQuery?: boolean;
  readonly connection: Binder & { readonly stream: { destroy(): void } };
}

export function createConnection(client: ClientBase, config: ClientConfig): Connection {
  const lost = new AbortController();
  const inside = client as unknown as Inside;
  let retired = false;
  bindUncopied(inside.connection);
  const lose = (cause?: unknown): void => {
    if (!lost.signal.aborted) lost.abort(lostFailure(cause));
  };
  // Without a listener a connection that the server ends would end this process.
  client.on('error', lose);
  client.on('end', () => lose());

  /** Resolves when the server waits for the next statement, or never will. */
  const settled = async (): Promise<void> => {
    if (lost.signal.aborted || inside.readyForQuery === true) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        client.off('drain', done);
        lost.signal.removeEventListener('abort', done);
        resolve();
      };
      client.on('drain', done);
      lost.signal.addEventListener('abort', done);
    });
  };
  /** Throws `error`, or that the session is gone. */
  const tell = async (error: unknown): Promise<never> => {
    await settled();
    if (!lost.signal.aborted || isFailure(error)) throw error;
    throw lostFailure(error);
  };

  return {
    client,
    lost: lost.signal,
    async ask(asked) {
      lost.signal.throwIfAborted();
      try {
        return await send(client, asked);
      } catch (error) {
        return await tell(error);
      }
    },
    async copyIn(text, chunks) {
      lost.signal.throwIfAborted();
      try {
        return await writeCopy(client, text, chunks);
      } catch (error) {
        return await tell(error);
      }
    },
    async *copyOut(text) {
      lost.signal.throwIfAborted();
      try {
        yield* readCopy(client, text);
      } catch (error) {
        await tell(error);
      }
    },
    isIdle: () =>
      !retired &&
      !lost.signal.aborted &&
      inside.readyForQuery === true &&
      (client as Client).getTransactionStatus() === 'I',
    async cancel() {
      const { processID } = inside;
      if (processID === null || lost.signal.aborted) return;
      const side = new Client({
        ...config,
        connectionTimeoutMillis: CANCEL_LIMIT_MS,
        query_timeout: CANCEL_LIMIT_MS,
      });
      side.on('error', () => {});
      try {
        await side.connect();
        await side.query('SELECT pg_cancel_backend($1)', [processID]);
      } catch {
        // Nobody can be told: the session ends with its connection, and the server with the statement's next look at it.
        inside.connection.stream.destroy();
      } finally {
        await side.end().catch(() => {});
      }
    },
    retire: () => void (retired = true),
    destroy: () => inside.connection.stream.destroy(),
  };
}

async function send(client: ClientBase, asked: Asked): Promise<Answer> {
  const { values, ...rest } = asked;
  // With `values` it is one statement of the extended protocol, without it may be several: the last one's result counts.
  const result: unknown = await (values === undefined
    ? client.query(rest)
    : // Said, for the client library takes an empty list for none, and would let a second statement through.
      client.query({ ...rest, queryMode: 'extended' } as typeof rest, [...values]));
  return (Array.isArray(result) ? result.at(-1) : result) as Answer;
}

function lostFailure(cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : 'the server closed it';
  return failure('DATABASE_CONNECTION_LOST', { reason }, cause);
}
