// The common case: one server for a test file, a fresh database for each test. The server goes with the process of the file.
import type { TestContext } from 'node:test';
import type { Database, OpenDatabaseOptions } from '../contract.ts';
import { openDatabase } from '../open-database.ts';
import type { ServerKind } from './programs.ts';
import { startServer, type TestServer } from './server.ts';

export interface TestDatabase {
  readonly database: Database;
  /** Of its owner. */
  readonly url: string;
  readonly server: TestServer;
}

const servers = new Map<ServerKind, Promise<TestServer>>();

/** The one of this process. */
export async function serverOfTests(kind: ServerKind = 'embedded-18'): Promise<TestServer> {
  const coming = servers.get(kind) ?? startServer(kind);
  servers.set(kind, coming);
  return await coming;
}

/** A fresh database, opened as its owner, closed when the test ends. */
export async function openTestDatabase(
  t: TestContext,
  {
    kind = 'embedded-18',
    ...options
  }: Omit<OpenDatabaseOptions, 'at'> & { readonly kind?: ServerKind } = {},
): Promise<TestDatabase> {
  const server = await serverOfTests(kind);
  const url = await server.createDatabase();
  const database = await openDatabase({ ...options, at: url });
  t.after(() => database[Symbol.asyncDispose]());
  return { database, url, server };
}
