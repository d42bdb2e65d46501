// Whether a copy of ours is a sound database. Runs in the keeper: on large files SQLite is busy with it for many seconds.
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import {
  factsOf,
  isForeign,
  isForeignFile,
  openDatabase,
  textsOf,
  whenFree,
} from './connection.ts';
import type { CheckKind, CheckResult, DatabaseFacts, Inspection } from './keeper-orders.ts';

const problemsTold = 5;
/** Writers in rollback mode keep readers out only while they commit. */
const freeWithinMs = 5000;

export function checkFile(file: string, check: CheckKind): CheckResult {
  using database = openDatabase(file, 'ro');
  return {
    ...factsOf(database),
    problems: problemsOf(database, check),
    foreignKeyViolations: countViolations(database),
  };
}

function problemsOf(database: DatabaseSync, check: CheckKind): readonly string[] {
  try {
    // One line each, 'ok' if there is none.
    const said = textsOf(database, `${check}(${problemsTold})`).filter((line) => line !== 'ok');
    return said.map((line) => line.slice(0, 200));
  } catch (error) {
    if (!isForeign(error)) throw error;
    return [(error as Error).message];
  }
}

/** They are no damage: SQLite checks foreign keys only for programs that ask for it. They must come back as they were. */
function countViolations(database: DatabaseSync): number {
  let violations = 0;
  try {
    for (const _row of database.prepare('PRAGMA foreign_key_check').iterate()) violations += 1;
  } catch (error) {
    // A table of a damaged copy, or one that refers to a table which is not there as it should be.
    if ((error as { errcode?: unknown }).errcode === undefined) throw error;
    return violations;
  }
  return violations;
}

/** A reader like any other: where a crashed program left a journal, SQLite rolls back what that one had not finished. */
export async function inspect(file: string, signal: AbortSignal): Promise<Inspection> {
  if (isForeignFile(file)) return { kind: 'foreign', why: 'it does not begin as one' };
  const before = journalBytes(file);
  try {
    using database = openDatabase(file, 'rw');
    const read = (): DatabaseFacts => factsOf(database);
    const facts = await whenFree(read, { file, waitMs: freeWithinMs, signal });
    return { kind: 'database', ...facts, rolledBack: before > 0 && journalBytes(file) === 0 };
  } catch (error) {
    if (isForeign(error)) return { kind: 'foreign', why: (error as Error).message };
    throw error;
  }
}

function journalBytes(file: string): number {
  return statSync(`${file}-journal`, { throwIfNoEntry: false })?.size ?? 0;
}
