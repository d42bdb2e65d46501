// A database behind an address: a pool for everybody, and connections of their own for who needs a session.
import { failure } from '@stillpoint/core';
import {
  clientConfig,
  flawOf,
  parseAddress,
  placeOf,
  type ServerAddress,
} from '@stillpoint/postgres';
import { Client, Pool, type ClientBase, type ClientConfig, type PoolConfig } from 'pg';
import { createConnection, type Connection } from './connection.ts';
import type { Database, OpenDatabaseOptions, Session } from './contract.ts';
import { asked, resultOf, type Answer, type Asked } from './conversation.ts';
import { drizzleOfDatabase } from './drizzle.ts';
import { probeFacts } from './facts.ts';
import { identifier } from './identifier.ts';
import { refusePooler } from './pooler.ts';
import { refusalOf, refuseOld } from './refusal.ts';
import { openSession } from './session.ts';
import { runTransaction } from './transaction.ts';
import { writesRows } from './writes.ts';

const CONNECTIONS = 10;

/**
 * A host that vanished says no more. Its sessions hold locks, that of the freeze among them, until the server finds out: within half a
 * minute by this, and by its own defaults after two hours.
 */
const NOTICE_GONE =
  'SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4; SET tcp_user_timeout = 30000';

export interface PooledOptions extends Omit<OpenDatabaseOptions, 'at'> {
  readonly at: string;
  readonly freezeLockKey: bigint;
}

/** What the pool and the sessions need to connect. */
export interface Server {
  readonly address: ServerAddress;
  config(applicationName: string): ClientConfig;
  /** After each connect, before anything else. */
  prepare(client: ClientBase): Promise<void>;
  /** As an error of the catalogue. */
  refusal(error: unknown): Error;
}

export async function openPooledDatabase(options: PooledOptions): Promise<Database> {
  const { freezeLockKey, applicationName = 'stillpoint persistence' } = options;
  const server = createServer(options);
  const pool = createPool(server, applicationName, options.connections ?? CONNECTIONS);
  const sessions = new Set<Session>();
  try {
    const database = await describe(pool, server);
    const ask = (one: Asked): Promise<Answer> =>
      pool.use((connection) =>
        writesRows(one.text)
          ? runTransaction(connection, () => connection.ask(one), {}, freezeLockKey)
          : connection.ask(one),
      );
    const transaction: Database['transaction'] = (body, how = {}) =>
      pool.use((connection) => runTransaction(connection, body, how, freezeLockKey), how.signal);
    return {
      facts: database,
      query: async (text, values) => resultOf(await ask(asked(text, values))),
      drizzle: drizzleOfDatabase(ask, transaction),
      transaction,
      async session(name) {
        const session = await openSession(server, name, freezeLockKey, () =>
          sessions.delete(session),
        );
        sessions.add(session);
        return session;
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([...sessions].map((session) => session[Symbol.asyncDispose]()));
        await pool.end();
      },
    };
  } catch (error) {
    await pool.end();
    throw error;
  }
}

/** What is refused is refused here, before anybody relies on the database. */
async function describe(pool: ConnectionPool, server: Server) {
  return await pool.use(async (connection) => {
    const where = placeOf(server.address);
    const version = await connection.ask({
      text: `SELECT current_setting('server_version_num')::int AS version`,
    });
    refuseOld((version.rows[0] as { readonly version: number }).version, where);
    await refusePooler(server, connection);
    return await probeFacts(
      { query: async (text, values) => resultOf(await connection.ask(asked(text, values))) },
      'postgres',
    );
  });
}

function createServer({ at, role }: Pick<PooledOptions, 'at' | 'role'>): Server {
  const reason = flawOf(at);
  if (reason !== undefined) throw failure('DATABASE_ADDRESS_INVALID', { reason });
  const address = parseAddress(at);
  return {
    address,
    config(applicationName) {
      try {
        return clientConfig(address, applicationName);
      } catch (error) {
        // A file of a certificate that cannot be read.
        throw refusalOf(error, address);
      }
    },
    async prepare(client) {
      // Not on every system of a server; a socket's file has no other host.
      if (!address.host.startsWith('/')) await client.query(NOTICE_GONE).catch(() => {});
      if (role === undefined) return;
      try {
        await client.query(`SET ROLE ${identifier(role)}`);
      } catch (error) {
        const reason = (error as Error).message;
        const data = { user: address.user, role, where: placeOf(address), reason };
        throw failure('DATABASE_ROLE_REFUSED', data, error);
      }
    },
    refusal: (error) => refusalOf(error, address),
  };
}

/** The pool's clients: with the settings that the pool does not hand on. */
function clientClass(config: ClientConfig) {
  return class extends Client {
    constructor(given: ClientConfig) {
      super({ ...given, ...config });
      const connect = super.connect.bind(this) as (done: (error: unknown) => void) => void;
      const connectOrEnd = (done: (error: unknown) => void): void =>
        connect((error) => {
          // The pool forgets a client that failed, and the server would hold the half-open session for a minute.
          if (error instanceof Error) this.connection.stream.destroy();
          done(error);
        });
      this.connect = connectOrEnd as Client['connect'];
    }
  };
}

interface ConnectionPool {
  /** Waits for a free connection, also while all others wait for a freeze to end; not after `signal`. */
  use<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T>;
  end(): Promise<void>;
}

function createPool(server: Server, applicationName: string, size: number): ConnectionPool {
  const config = server.config(applicationName);
  // The pool would give up waiting for a free connection after the limit that is meant for connecting.
  const { connectionTimeoutMillis: _, ...shared } = config;
  const settings: PoolConfig = {
    ...shared,
    max: size,
    onConnect: (client) => server.prepare(client) as unknown as void,
    Client: clientClass(config) as unknown as NonNullable<PoolConfig['Client']>,
  };
  const pool = new Pool(settings);
  // A connection that dies while nobody has it is simply no longer in the pool.
  pool.on('error', () => {});
  const connections = new WeakMap<ClientBase, Connection>();
  pool.on('connect', (client) => connections.set(client, createConnection(client, config)));

  const take = async (signal: AbortSignal | undefined) => {
    signal?.throwIfAborted();
    const coming = pool.connect().catch((error: unknown) => {
      throw server.refusal(error);
    });
    if (signal === undefined) return await coming;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([coming, aborted]);
    } catch (error) {
      if (signal.aborted) {
        coming.then(
          (client) => client.release(),
          () => {},
        );
      }
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  };
  return {
    async use(work, signal) {
      const client = await take(signal);
      const connection = connections.get(client)!;
      try {
        return await work(connection);
      } finally {
        // true: it is closed instead of given to the next.
        client.release(!connection.isIdle());
      }
    },
    end: () => pool.end(),
  };
}
