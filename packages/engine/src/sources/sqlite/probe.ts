// What a person is told of a SQLite file before anything is paused, and every refusal.
import { bytesText, failure } from '@stillpoint/core';
import type { Probe } from '../contract.ts';
import { startKeeper } from './keeper.ts';
import { examineFile, inspectFile } from './refusals.ts';

export async function probeFile(file: string, signal: AbortSignal): Promise<Probe> {
  const { size } = await examineFile(file);
  await using keeper = startKeeper(file);
  const found = await inspectFile(keeper, file, signal);
  if (found.kind === 'foreign') {
    throw failure('SQLITE_NOT_A_DATABASE', { file, why: found.why });
  }
  const notes: string[] = [];
  if (found.journal === 'rollback') {
    notes.push(
      `${file} has a rollback journal: writers wait while it is copied (${bytesText(size)}). "PRAGMA journal_mode = WAL", once, and they never do.`,
    );
  }
  if (found.rolledBack) {
    notes.push(`what a program had begun to write to ${file} when it died was rolled back.`);
  }
  const bytes = found.pages * found.pageBytes;
  return {
    strategy: found.journal === 'wal' ? 'wal' : 'blocking',
    bytesTotal: bytes,
    bytesNext: bytes,
    notes,
  };
}
