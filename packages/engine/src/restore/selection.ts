// Which sources of a snapshot a restore brings back, and what that means for the seal. All of them: what is there afterwards is
// of one moment. While others are there and stay: a mix, which is recorded, and needs to be wanted when only a part was asked for.
import { failure } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import { partsOf, type BrokenSeal, type SealPart } from '../project/index.ts';
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
  /** What is there and stays as it is: not asked for, or not in the snapshot. The undo point holds it, too. */
  readonly staying: readonly SourceDriver[];
  /** Of the snapshot; stays, for the configuration does not name it and nobody can say whether it is there. */
  readonly unnamed: readonly string[];
}

export interface Wanted {
  readonly only?: readonly string[];
  /** Left out, rather than refused, where the configuration does not name them: what the restore that is undone left, too. */
  readonly stayed?: readonly string[];
}

/** Throws SOURCE_NOT_IN_SNAPSHOT, SOURCE_NOT_CONFIGURED. */
export async function selectSources(
  engine: EngineContext,
  { manifest }: Sealed,
  { only, stayed = [] }: Wanted,
): Promise<Selection> {
  const known = manifest.sources.map(({ name }) => name);
  const missing = only?.find((name) => !known.includes(name));
  if (missing !== undefined) {
    const { id } = manifest;
    throw failure('SOURCE_NOT_IN_SNAPSHOT', { id, source: missing, known: known.join(', ') });
  }
  const wanted = new Set(only ?? known);
  const named = new Set(engine.drivers.map(({ name }) => name));
  // A member needs no configuration to be brought back.
  const unnamed = manifest.sources
    .filter(({ name, driver }) => stayed.includes(name) && driver !== 'git' && !named.has(name))
    .map(({ name }) => name);
  for (const name of unnamed) wanted.delete(name);
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
    staying: await stayingBeside(engine, wanted),
    unnamed,
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

/** Only of a part: whoever asks for the whole snapshot did not ask for a mix, and has nothing else to ask for. */
export function breaksSeal({ partial, unnamed, staying }: Selection): boolean {
  return partial && unnamed.length === 0 && staying.length > 0;
}

/** Throws SEAL_WOULD_BREAK. */
export function refuseToBreakSeal({ manifest }: Sealed, selection: Selection): void {
  if (!breaksSeal(selection)) return;
  const { sources, staying } = selection;
  throw failure('SEAL_WOULD_BREAK', {
    id: manifest.id,
    sources: quoted(sources),
    others: quoted(staying),
  });
}

/** What is to be remembered when the restore has ended; null: what is there is of one moment. */
export function sealAfter(
  { manifest }: Sealed,
  { sources, staying, unnamed, partial }: Selection,
  { at, before }: { readonly at: Date; readonly before: BrokenSeal | null },
): BrokenSeal | null {
  const stayed = [...staying.map(({ name }) => name), ...unnamed];
  // A mix that was captured comes back as the mix it was.
  if (stayed.length === 0) return partial ? null : (manifest.brokenSeal ?? null);
  const names = sources.map(({ name }) => name);
  const earlier = [
    ...partsWith(before, (name) => !names.includes(name)),
    // A part that holds all that is restored does not mix it.
    ...partsWith(manifest.brokenSeal ?? null, (name) => names.includes(name)).filter(
      (part) => part.sources.length < names.length,
    ),
  ];
  const last = { snapshot: manifest.id, sources: names, at: at.toISOString(), stayed };
  return earlier.length === 0 ? last : { ...last, earlier };
}

function partsWith(seal: BrokenSeal | null, isIn: (name: string) => boolean): SealPart[] {
  if (seal === null) return [];
  return partsOf(seal)
    .map((part) => ({ ...part, sources: part.sources.filter(isIn) }))
    .filter(({ sources }) => sources.length > 0);
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
