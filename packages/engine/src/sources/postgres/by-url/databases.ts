// What the gate and `diff` see of a database by URL: the live one, or a captured state restored into a database beside it, which
// is dropped afterwards. One that a killed process left says that it is ours, and goes with the next restore that ends.
import type { Json } from '@stillpoint/core';
import type { Client } from 'pg';
import type { DatabaseAccess, DatabaseSet, PrepareOptions } from '../../contract.ts';
import { createPostgresView } from '../view/index.ts';
import { createFrom, dropCreated, type CreateContext } from './create.ts';
import { parseRecord, readListing } from './record.ts';
import type { UrlServer } from './server.ts';

export function createDatabaseAccess(context: CreateContext): DatabaseAccess {
  const { server } = context;
  return {
    async live(signal) {
      const { database } = await server.address();
      return openSet(server, { database, shown: database, writable: true, signal });
    },
    async captured(json, options) {
      return openCaptured(context, json, options);
    },
  };
}

async function openCaptured(
  context: CreateContext,
  json: Json,
  options: PrepareOptions,
): Promise<DatabaseSet> {
  const { server } = context;
  const record = parseRecord(json);
  const listing = await readListing(options.source, record.listing);
  await using stack = new AsyncDisposableStack();
  const created = await createFrom(context, { record, listing }, 'view', options);
  stack.defer(() => dropCreated(server, created));
  // Called like the live one: it is the same database at another moment.
  const { database: shown } = await server.address();
  const { signal } = options;
  const names = { database: created.name, shown, writable: false };
  const { databases } = stack.use(await openSet(server, { ...names, signal }));
  const opened = stack.move();
  return { databases, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function openSet(
  server: UrlServer,
  given: {
    readonly database: string;
    readonly shown: string;
    readonly writable: boolean;
    readonly signal: AbortSignal;
  },
): Promise<DatabaseSet> {
  const { database, shown, writable, signal } = given;
  await using stack = new AsyncDisposableStack();
  const connect = (): Promise<Client> =>
    server.connect({ database, applicationName: 'stillpoint view', signal });
  const client = await connect();
  const abort = (): void => void client.connection.stream.destroy();
  signal.addEventListener('abort', abort, { once: true });
  stack.defer(async () => {
    signal.removeEventListener('abort', abort);
    await client.end().catch(() => {});
  });
  const view = createPostgresView({ client, database: shown, ...(writable ? { connect } : {}) });
  const opened = stack.move();
  return { databases: [view], [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
