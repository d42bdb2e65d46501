// Facts and memory on a fresh database of each kind.
import type { TestContext } from 'node:test';
import type { Database } from '../../database/contract.ts';
import { createVerbatim, verbatimPart, type Verbatim } from '../../verbatim/index.ts';
import { openAt, type Place } from '../../verbatim/testing/places.ts';
import type { Memory } from '../contract.ts';
import { createMemory, memoryPart, type MemoryOptions } from '../index.ts';

export interface OpenedMemory {
  readonly owner: Database;
  readonly database: Database;
  readonly verbatim: Verbatim;
  readonly memory: Memory;
}

export async function openTestMemory(
  t: TestContext,
  place: Place,
  options: Omit<MemoryOptions, 'verbatim'>,
): Promise<OpenedMemory> {
  const { owner, database } = await openAt(t, place, [verbatimPart, memoryPart]);
  const verbatim = await createVerbatim(database);
  const memory = await createMemory(database, { ...options, verbatim });
  return { owner, database, verbatim, memory };
}
