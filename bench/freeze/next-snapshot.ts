// Cost follows change: the first snapshot of a project takes everything, the next one after a thousand transactions what
// they changed. The application commits neither before nor during the two, so that both are of a known amount of change.
import type { SnapshotSummary } from '@stillpoint/engine';
import { Client } from 'pg';
import { editMembers } from './members.ts';
import type { BenchProject } from './project.ts';
import type { Sizes } from './sizes.ts';
import { runTransactions } from './tables.ts';

export interface Cost {
  readonly firstBytes: number;
  readonly firstMs: number;
  readonly nextBytes: number;
  readonly nextMs: number;
}

export async function measureCost(
  project: BenchProject,
  sizes: Sizes,
  signal: AbortSignal,
): Promise<Cost> {
  const first = await project.stillpoint.snapshot({ signal });
  const client = new Client({ connectionString: project.url });
  await client.connect();
  try {
    await runTransactions(client, sizes.transactions, project);
  } finally {
    await client.end();
  }
  await editMembers(project.directory, sizes.filesPerMember, 1);
  const next = await project.stillpoint.snapshot({ signal });
  return {
    firstBytes: storedBytes(first),
    firstMs: first.durationMs,
    nextBytes: storedBytes(next),
    nextMs: next.durationMs,
  };
}

function storedBytes({ sources }: SnapshotSummary): number {
  return sources.reduce((sum, { bytesStored }) => sum + bytesStored, 0);
}
