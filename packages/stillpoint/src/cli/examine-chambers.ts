// What doctor says of the inside of a daemon's database: its chambers, as the parts of the persistence library want them, and what its
// memory is searched by.
import { bytesText, countText, isFailure } from '@stillpoint/core';
import type { DatabaseRemark } from '@stillpoint/engine';
import type { ExaminedMemory } from '@stillpoint/persistence';

/** Nothing of a database that has no chambers. What keeps it from looking is told, and is no reason to look no further. */
export async function examineDatabase(url: string): Promise<readonly DatabaseRemark[]> {
  const { examineChambers, examineMemory, libraryParts } = await import('@stillpoint/persistence');
  try {
    const found = await examineChambers(url, libraryParts);
    if (found === undefined) return [];
    const memory = remarksOnMemory((await examineMemory(url)) ?? []);
    if (found.length === 0)
      return [{ level: 'ok', what: 'its chambers are as they should be' }, ...memory];
    const chambers = found.map(({ about, severity, text, mend }) => ({
      level: severity,
      what: `${about}: ${text}.`,
      fix: `stillpoint migrate${mend === undefined ? '' : `, or as the owner: ${mend}`}`,
    }));
    return [...chambers, ...memory];
  } catch (error) {
    // Chambers are only where the library works.
    if (isFailure(error, 'DATABASE_TOO_OLD') || isFailure(error, 'DATABASE_POOLED')) return [];
    const reason = error instanceof Error ? error.message : String(error);
    const what = `Whether it has chambers, and how they are, cannot be seen: ${reason}`;
    const fix = isFailure(error) ? error.hint : 'Ask as the role that owns the database.';
    return [{ level: 'warn', what, fix }];
  }
}

function remarksOnMemory(all: readonly ExaminedMemory[]): readonly DatabaseRemark[] {
  const remarks = all.map(remarkOn);
  if (all.length < 2) return remarks;
  const what = `the items of memory are of ${all.length} embedders: a daemon compares only those of its own`;
  return [
    ...remarks,
    { level: 'warn', what, fix: 'Call memory.reembed() with the embedder of now.' },
  ];
}

function remarkOn(memory: ExaminedMemory): DatabaseRemark {
  const { embedder, items, index, why, approximate, processBytes, tooLarge } = memory;
  const { name, version, dimensions } = embedder;
  const of = `memory: ${countText(items, 'item')} of the embedder ${name} ${version} (${dimensions} dimensions)`;
  if (index === 'pgvector')
    return {
      level: 'ok',
      what: `${of}, ${approximate ? 'found by an HNSW index' : 'all compared by pgvector'}`,
    };
  const what = `${of}, compared in each process, which takes ${bytesText(processBytes)}: ${why}`;
  if (!tooLarge) return { level: 'ok', what };
  return {
    level: 'warn',
    what,
    fix: 'Use pgvector, or openPersistence({ memory: { scanMemoryBytes } }).',
  };
}
