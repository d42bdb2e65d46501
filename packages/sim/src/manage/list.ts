// The runs of a directory and their checkpoints, as people and programs look at them.
import { listRuns, type CheckpointRecord, type RunListing } from '../directory/index.ts';

export interface ListedRun {
  readonly runId: string;
  readonly path: string;
  readonly world: string;
  /** As it was told last; a run that nobody writes and that never said that it ended was interrupted. */
  readonly state: 'running' | 'finished' | 'stopped' | 'failed' | 'interrupted';
  /** The one that was begun or resumed last. */
  readonly latest: boolean;
  readonly createdAt: string;
  readonly seed: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly lineage: RunListing['manifest']['lineage'];
  /** Of all its checkpoints. */
  readonly bytes: number;
  /** In the order in which they were written. */
  readonly checkpoints: readonly CheckpointRecord[];
}

/** By their ids; none where there is no such directory. */
export async function listCheckpoints(directory: string): Promise<readonly ListedRun[]> {
  return (await listRuns(directory)).map(listed);
}

function listed({ runId, path, manifest, busy, latest }: RunListing): ListedRun {
  const { world, status, createdAt, seed, parameters, lineage, checkpoints } = manifest;
  return {
    runId,
    path,
    world: world.name,
    state: busy ? 'running' : status === 'running' ? 'interrupted' : status,
    latest,
    createdAt,
    seed,
    parameters,
    lineage,
    bytes: checkpoints.reduce((sum, { bytes }) => sum + bytes, 0),
    checkpoints,
  };
}
