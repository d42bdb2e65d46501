// The core: opens the database, and lets each extension begin its work. It knows no extension by name.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import {
  createTestEmbedder,
  openPersistence,
  type Persistence,
  type PersistenceOptions,
} from '@stillpoint/persistence';

const root = path.join(import.meta.dirname, '..');

export async function openDaemon(options: PersistenceOptions): Promise<Persistence> {
  // It compares letters, and understands nothing. Put the embeddings of a real model here.
  return await openPersistence({ ...options, embedder: createTestEmbedder() });
}

/** An extension begins in its work.ts. Resolves to the names of those that have one. */
export async function beginWork(persistence: Persistence): Promise<readonly string[]> {
  const { processor } = await persistence.traces();
  // From here on the spans of all extensions are kept in the database.
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  const begun: string[] = [];
  for (const name of (await readdir(path.join(root, 'extensions'))).toSorted()) {
    const file = path.join(root, 'extensions', name, 'work.ts');
    const { default: work } = (await import(pathToFileURL(file).href)) as {
      default: (persistence: Persistence) => Promise<void>;
    };
    await work(persistence);
    begun.push(name);
  }
  return begun;
}

/** As `stillpoint exec` sets it. */
export const environment = {
  url: process.env['DATABASE_URL'],
  freezeLockKey: process.env['STILLPOINT_LOCK_KEY'],
};
