// A connection of its own. Its statements and transactions take turns, so that none of them lands in another's transaction.
import { Client } from 'pg';
import { createConnection } from './connection.ts';
import type { Session } from './contract.ts';
import { asked, resultOf } from './conversation.ts';
import { identifier } from './identifier.ts';
import type { Server } from './pool.ts';
import { runTransaction } from './transaction.ts';
import { createTurns } from './turns.ts';

export async function openSession(
  server: Server,
  name: string,
  freezeLockKey: bigint,
  closed: () => void,
): Promise<Session> {
  const config = server.config(name);
  const client = new Client(config);
  const connection = createConnection(client, config);
  const turns = createTurns('a session');
  try {
    await client.connect();
    await server.prepare(client);
  } catch (error) {
    await client.end().catch(() => {});
    throw server.refusal(error);
  }
  const heard = new Map<string, ((payload: string) => void)[]>();
  client.on('notification', ({ channel, payload = '' }) => {
    for (const one of heard.get(channel) ?? []) one(payload);
  });
  const lost = new AbortController();
  let disposed = false;
  connection.lost.addEventListener('abort', () => {
    closed();
    // Who ended it himself has lost nothing.
    if (!disposed) lost.abort(connection.lost.reason);
  });
  return {
    lost: lost.signal,
    query: (text, values) =>
      turns.run(async () => resultOf(await connection.ask(asked(text, values)))),
    transaction: (body, options = {}) =>
      turns.run(() => runTransaction(connection, body, options, freezeLockKey)),
    async listen(channel, listener) {
      const others = heard.get(channel) ?? [];
      // Before LISTEN: what is said right after it is heard.
      heard.set(channel, [...others, listener]);
      if (others.length === 0)
        await turns.run(() => connection.ask({ text: `LISTEN ${identifier(channel)}` }));
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      closed();
      await client.end().catch(() => {});
    },
  };
}
