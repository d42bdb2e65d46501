// diff: two states of a project, source by source. Nothing of the project is changed; captured databases are made readable
// beside, and what that leaves when the process dies goes with the next diff.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { EngineContext } from '../context.ts';
import type { Sealed } from '../snapshot/index.ts';
import type { DiffSide, LockfileDiff, SourceDiff, StateDiff } from './contract.ts';
import { compareSource, type SourcePair } from './sources.ts';
import { capturedStates, checkRoomAt, liveStates, type Call, type SourceState } from './states.ts';

export interface DiffRequest extends Call {
  readonly from: Sealed;
  /** undefined: the live state. */
  readonly to: Sealed | undefined;
  readonly schemaOnly: boolean;
  /** List every file, and many more rows. */
  readonly all: boolean;
}

/** Checkpoints are written beside before they are looked into: only as many and as large as nobody has to wait for. */
const FEW = { files: 20, rows: 5, runs: 5, checkpointBytes: 256 * 1024 * 1024 };
const ALL = { files: Infinity, rows: 1000, runs: Infinity, checkpointBytes: Infinity };

/** The caller holds the lease and has recovered: a restore that ends would take captured databases away. */
export async function diffStates(engine: EngineContext, request: DiffRequest): Promise<StateDiff> {
  const { from, to, schemaOnly, all, signal, progress } = request;
  const place = path.join(engine.state.workDirectory, 'diff');
  await rm(place, { recursive: true, force: true });
  try {
    const call = { signal, progress };
    const at = (side: string): Call & { place: string } => ({
      ...call,
      place: path.join(place, side),
    });
    const pairs = pairSources(
      capturedStates(engine, from, at('from')),
      to === undefined ? await liveStates(engine, call) : capturedStates(engine, to, at('to')),
    );
    const { compareCheckpoints: compare, config } = engine;
    const checkRoom = (bytes: number) => checkRoomAt(config.projectDirectory, bytes);
    const readRuns = compare && { compare, checkRoom, place: path.join(place, 'runs') };
    const options = { schemaOnly, shown: all ? ALL : FEW, readRuns, ...call };
    const sources: SourceDiff[] = [];
    const dependencyLocks: LockfileDiff['dependencyLocks'][number][] = [];
    for (const pair of pairs) {
      const result = await compareSource(pair, options);
      sources.push(result.diff);
      const { name } = result.diff;
      for (const lock of result.dependencyLocks) {
        dependencyLocks.push({ source: name, path: lock.path, state: lock.state });
      }
    }
    return {
      from: sideOf(from),
      to: sideOf(to),
      different: sources.some(({ state }) => state !== 'same' && state !== 'unknown'),
      lockfile: { signature: { from: signatureOf(from), to: signatureOf(to) }, dependencyLocks },
      sources,
    };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** A source is the same one if name and driver are. */
function pairSources(
  from: readonly SourceState[],
  to: readonly SourceState[],
): readonly SourcePair[] {
  const pairs = new Map<string, SourcePair>();
  const idOf = ({ kind, name }: SourceState): string => `${kind} ${name}`;
  for (const state of from) pairs.set(idOf(state), { from: state, to: undefined });
  for (const state of to) {
    pairs.set(idOf(state), { from: pairs.get(idOf(state))?.from, to: state });
  }
  return [...pairs.values()];
}

function sideOf(sealed: Sealed | undefined): DiffSide {
  if (sealed === undefined) return { snapshot: null, name: null, createdAt: null };
  const { id, name, createdAt } = sealed.manifest;
  return { snapshot: id, name, createdAt };
}

function signatureOf(sealed: Sealed | undefined): string | null {
  return sealed?.manifest.lockfile.signature ?? null;
}
