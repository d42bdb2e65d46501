// Opening SQLite files and reading its errors. Runs in the keeper; views of DatabaseAccess use it in our own process.
import { closeSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { failure } from '@stillpoint/core';
import type { DatabaseFacts, JournalKind } from './keeper-orders.ts';
import { schemaDigestOf } from './schema-digest.ts';

/** 'rw': an existing file is never made by opening it. */
export function openDatabase(file: string, mode: 'rw' | 'ro', timeoutMs = 0): DatabaseSync {
  const url = pathToFileURL(file);
  url.search = `mode=${mode}`;
  return new DatabaseSync(url, { readOnly: mode === 'ro', timeout: timeoutMs });
}

/** SQLite's result code without what it says in particular; undefined: no error of SQLite's. */
function codeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

const codes = { ok: 0, busy: 5, locked: 6, corrupt: 11, cannotOpen: 14, notADatabase: 26 } as const;

/** A backup that could not get its lock ends with "not an error". */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === codes.busy || code === codes.locked || code === codes.ok;
}

/** No SQLite database by its first page: encrypted, of another program, damaged there. */
export function isForeign(error: unknown): boolean {
  const code = codeOf(error);
  return code === codes.notADatabase || code === codes.corrupt;
}

const magic = 'SQLite format 3\0';

/**
 * To be asked before SQLite opens the file, by a process that has no connection to it: of an encrypted database it would take the
 * WAL for its own and write it back. An empty file is an empty database.
 */
export function isForeignFile(file: string): boolean {
  const descriptor = openSync(file, 'r');
  try {
    const begin = Buffer.alloc(magic.length);
    const read = readSync(descriptor, begin, 0, begin.length, 0);
    return read > 0 && begin.toString('latin1') !== magic;
  } finally {
    closeSync(descriptor);
  }
}

export function isGone(error: unknown): boolean {
  return codeOf(error) === codes.cannotOpen;
}

export function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
}

export function textsOf(database: DatabaseSync, pragma: string): string[] {
  return database
    .prepare(`PRAGMA ${pragma}`)
    .all()
    .map((row) => String(Object.values(row)[0]));
}

export function journalOf(database: DatabaseSync): JournalKind {
  return textsOf(database, 'journal_mode')[0] === 'wal' ? 'wal' : 'rollback';
}

export function factsOf(database: DatabaseSync): DatabaseFacts {
  return {
    journal: journalOf(database),
    pageBytes: numberOf(database, 'page_size'),
    pages: numberOf(database, 'page_count'),
    schemaDigest: schemaDigestOf(database),
  };
}

const busyPauseMs = 3;

/** Tries again while others have the file locked. SQLite's own waiting would keep this process from hearing anything. */
export async function whenFree<T>(
  attempt: () => T,
  { file, waitMs, signal }: { file: string; waitMs: number; signal: AbortSignal },
): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    signal.throwIfAborted();
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      const waitedMs = Math.round(performance.now() - startedMs);
      if (waitedMs > waitMs) throw failure('SQLITE_BUSY', { file, waitedMs }, error);
    }
    await delay(busyPauseMs * Math.random(), undefined, { signal });
  }
}
