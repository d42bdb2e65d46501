// What doctor says of the inside of a daemon's database: its chambers, as the parts of the persistence library want them.
import { isFailure } from '@stillpoint/core';
import type { DatabaseRemark } from '@stillpoint/engine';

/** Nothing of a database that has no chambers. What keeps it from looking is told, and is no reason to look no further. */
export async function examineDatabase(url: string): Promise<readonly DatabaseRemark[]> {
  const { examineChambers, libraryParts } = await import('@stillpoint/persistence');
  try {
    const found = await examineChambers(url, libraryParts);
    if (found === undefined) return [];
    if (found.length === 0) return [{ level: 'ok', what: 'its chambers are as they should be' }];
    return found.map(({ about, severity, text, mend }) => ({
      level: severity,
      what: `${about}: ${text}.`,
      fix: `stillpoint migrate${mend === undefined ? '' : `, or as the owner: ${mend}`}`,
    }));
  } catch (error) {
    // Chambers are only where the library works.
    if (isFailure(error, 'DATABASE_TOO_OLD') || isFailure(error, 'DATABASE_POOLED')) return [];
    const reason = error instanceof Error ? error.message : String(error);
    const what = `Whether it has chambers, and how they are, cannot be seen: ${reason}`;
    const fix = isFailure(error) ? error.hint : 'Ask as the role that owns the database.';
    return [{ level: 'warn', what, fix }];
  }
}
