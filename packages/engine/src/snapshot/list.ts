// Every snapshot of a vault, for people: those that cannot be read first, then the others, the oldest first.
import type { DamagedSnapshot, SnapshotSummary } from '../api.ts';
import type { EngineContext } from '../context.ts';
import { describeFound } from './forget.ts';

export async function listSnapshots(
  { vault, catalogue }: Pick<EngineContext, 'vault' | 'catalogue'>,
  signal?: AbortSignal,
): Promise<readonly (SnapshotSummary | DamagedSnapshot)[]> {
  const { sealed, damaged } = await catalogue.list(signal);
  const holds = await (signal === undefined ? vault : vault.within(signal)).holds();
  return [...damaged, ...sealed].map((one) => describeFound(one, holds));
}
