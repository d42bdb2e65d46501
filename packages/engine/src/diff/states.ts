// The sources of a project in one state: as a snapshot has captured them, or as they are now.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { ProgressListener } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import { checkSpace, freeBytesAt, type ManifestSource, type Sealed } from '../snapshot/index.ts';
import type { DatabaseSet, RunCheckpoints, SourceDriver, TreeView } from '../sources/contract.ts';

/** One source in one state. Its driver knows how to look at it, or it does not. */
export interface SourceState {
  readonly name: string;
  readonly kind: string;
  /** undefined: the configuration does not name it any more. */
  readonly driver: SourceDriver | undefined;
  /** As in the lockfile; null: there is none, or it is not known without looking. */
  readonly schemaDigest: string | null;
  readTree(): Promise<TreeView>;
  readRuns(): Promise<RunCheckpoints>;
  openDatabases(): Promise<DatabaseSet>;
}

export interface Call {
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

export async function liveStates(
  engine: EngineContext,
  { signal }: Call,
): Promise<readonly SourceState[]> {
  const states: SourceState[] = [];
  for (const driver of engine.drivers) {
    if (!(await driver.exists())) continue;
    states.push({
      name: driver.name,
      kind: driver.kind,
      driver,
      schemaDigest: null,
      readTree: () => driver.tree!.live(signal),
      readRuns: () => driver.runs!.live(),
      openDatabases: () => driver.database!.live(signal),
    });
  }
  return states;
}

/** `place`: where databases are made readable; whoever calls removes it. */
export function capturedStates(
  engine: EngineContext,
  { manifest }: Sealed,
  { place, ...call }: Call & { readonly place: string },
): readonly SourceState[] {
  const known = manifest.sources.filter(
    ({ name, driver }) =>
      driver === 'git' || engine.drivers.some((one) => one.name === name && one.kind === driver),
  );
  const drivers = engine.driversFor(known, manifest.id);
  const schemas = new Map(manifest.lockfile.sources.map((one) => [one.name, one.schemaDigest]));
  return manifest.sources.map((source, index) => {
    const driver = drivers.get(source.name);
    const { name, record } = source;
    return {
      name,
      kind: source.driver,
      driver,
      schemaDigest: schemas.get(name) ?? null,
      readTree: () => driver!.tree!.captured(record, engine.vault, call.signal),
      readRuns: async () => driver!.runs!.captured(record, engine.vault),
      async openDatabases() {
        await checkRoom(engine, source, manifest.id, driver!);
        const workDirectory = path.join(place, String(index));
        await mkdir(workDirectory, { recursive: true, mode: 0o700 });
        const options = { snapshot: manifest.id, source: engine.vault, workDirectory, ...call };
        return driver!.database!.captured(record, options);
      },
    };
  });
}

/** Throws NO_SPACE. */
async function checkRoom(
  engine: EngineContext,
  { record, bytesTotal }: ManifestSource,
  snapshot: Sealed['manifest']['id'],
  driver: SourceDriver,
): Promise<void> {
  const room = await driver.roomToPrepare?.(record, snapshot);
  const where = room?.directory ?? engine.config.projectDirectory;
  // A restore may need less, where it takes what is kept at hand.
  await checkRoomAt(where, Math.max(room?.bytes ?? 0, bytesTotal));
}

/** Throws NO_SPACE. */
export async function checkRoomAt(where: string, neededBytes: number): Promise<void> {
  const freeBytes = await freeBytesAt(where);
  checkSpace({ what: 'Looking into the snapshot', where, neededBytes, freeBytes });
}
