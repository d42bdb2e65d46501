// All streams of a snapshot, with the source that each belongs to: what a copy takes along and statistics count.
import type { EngineContext } from '../context.ts';
import type { NamedStream } from '../sources/contract.ts';
import type { Manifest, Sealed } from './manifest.ts';

export interface SnapshotStream {
  /** null: the configuration. */
  readonly source: string | null;
  readonly driver: string | null;
  readonly stream: NamedStream;
}

/** Throws what reading a listing throws. */
export async function* streamsOfSnapshot(
  { vault, referencesOf }: Pick<EngineContext, 'vault' | 'referencesOf'>,
  { manifest }: Pick<Sealed, 'manifest'>,
): AsyncGenerator<SnapshotStream> {
  const { config, id, sources } = manifest;
  if (config !== null) yield { source: null, driver: null, stream: config.content };
  for (const { name, driver, record } of sources) {
    for await (const stream of referencesOf(driver, record, vault, id)) {
      yield { source: name, driver, stream };
    }
  }
}

/** For the seal: drivers take over streams of earlier snapshots without writing them again, and the vault must know of those, too. */
export async function* streamsIn(
  engine: Pick<EngineContext, 'vault' | 'referencesOf'>,
  manifest: Manifest,
): AsyncGenerator<NamedStream> {
  for await (const { stream } of streamsOfSnapshot(engine, { manifest })) yield stream;
}
