// Which sources of a snapshot a restore brings back, and what that means for the seal. All of them: what is there afterwards is
// of one moment. Only some, while others are there and stay: a mix, which needs to be wanted, and is recorded.
import { failure } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import type { BrokenSeal } from '../project/index.ts';
import {
  mixLockfiles,
  signLockfile,
  type Lockfile,
  type ManifestSource,
  type Sealed,
} from '../snapshot/index.ts';
import type { SourceDriver } from '../sources/contract.ts';

export interface Selection {
  /** In the manifest's order. */
  readonly sources: readonly ManifestSource[];
  /** By name; of the selected sources only. */
  readonly drivers: ReadonlyMap<string, SourceDriver>;
  /** True when the snapshot holds more than is selected. */
  readonly partial: boolean;
  /** What is there and stays as it is, when only a part is restored. The seal breaks if this is not empty. */
  readonly staying: readonly SourceDriver[];
}

/** Throws SOURCE_NOT_IN_SNAPSHOT, SOURCE_NOT_CONFIGURED. */
export async function selectSources(
  engine: EngineContext,
  { manifest }: Sealed,
  only: readonly string[] | undefined,
): Promise<Selection> {
  const known = manifest.sources.map(({ name }) => name);
  const missing = only?.find((name) => !known.includes(name));
  if (missing !== undefined) {
    const { id } = manifest;
    throw failure('SOURCE_NOT_IN_SNAPSHOT', { id, source: missing, known: known.join(', ') });
  }
  const wanted = new Set(only ?? known);
  const sources = manifest.sources.filter(({ name }) => wanted.has(name));
  const partial = sources.length < manifest.sources.length;
  // A member keeps off the other repositories of the snapshot, whether they are restored or not.
  const needed = manifest.sources.filter(
    ({ name, driver }) => wanted.has(name) || driver === 'git',
  );
  const all = engine.driversFor(needed, manifest.id);
  return {
    sources,
    drivers: new Map(sources.map(({ name }) => [name, all.get(name)!])),
    partial,
    staying: partial ? await stayingBeside(engine, wanted) : [],
  };
}

async function stayingBeside(
  engine: EngineContext,
  wanted: ReadonlySet<string>,
): Promise<readonly SourceDriver[]> {
  const staying: SourceDriver[] = [];
  for (const driver of engine.drivers) {
    if (!wanted.has(driver.name) && (await driver.exists())) staying.push(driver);
  }
  return staying;
}

/** Throws SEAL_WOULD_BREAK. */
export function refuseToBreakSeal({ manifest }: Sealed, { sources, staying }: Selection): void {
  if (staying.length === 0) return;
  throw failure('SEAL_WOULD_BREAK', {
    id: manifest.id,
    sources: quoted(sources),
    others: quoted(staying),
  });
}

/** What is to be remembered when the restore has ended; null: what is there is of one moment. */
export function sealAfter(
  { manifest }: Sealed,
  { sources, staying, partial }: Selection,
  at: Date,
): BrokenSeal | null {
  if (staying.length > 0) {
    const names = sources.map(({ name }) => name);
    return { snapshot: manifest.id, sources: names, at: at.toISOString() };
  }
  // A mix that was captured comes back as the mix it was.
  return partial ? null : (manifest.brokenSeal ?? null);
}

/** What will be there: the part that is restored, and beside it what stays as it is. */
export function lockfileBeside(
  live: Lockfile | undefined,
  { manifest }: Sealed,
  { sources }: Selection,
): Lockfile {
  const restored = new Set(sources.map(({ name }) => name));
  const beside = live ?? signLockfile({ members: [], sources: [] });
  return mixLockfiles(beside, manifest.lockfile, restored);
}

function quoted(named: readonly { readonly name: string }[]): string {
  return named.map(({ name }) => `"${name}"`).join(', ');
}
