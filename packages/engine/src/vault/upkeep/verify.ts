// Checks that streams can be read. Each chunk must be in an index, and its pack there with the right size (chunk lists are read:
// there is no other way to know the chunks); deep, each pack named is read whole and every chunk of it opened. Packs are looked at
// once, however many streams name them, and in a run of several calls too. Where a pack is not whole, each chunk that was named in
// it is tried by itself: a chunk is lost only if no copy of it can be read, and a stream is lost only with a chunk of its own.
// Damage is reported, never thrown, with the key of the object, and summed up: a lost pack is one line, not a thousand.
import { digestFromHex, isFailure } from '@stillpoint/core';
import type {
  Damage,
  LostStream,
  StoreKey,
  StreamRefLike,
  StreamsReport,
  VerifyOptions,
} from '../contract.ts';
import { forEachConcurrently } from '../flow.ts';
import { INDEX_PREFIX, packKey } from '../format/layout.ts';
import type { ChunkLocation, PackFacts } from '../read/chunk-index.ts';
import type { ChunkReader } from '../read/chunk-reader.ts';
import type { IndexLoader } from '../read/index-loader.ts';
import { createPackChecks, PACK_GONE, type PackParts } from './verify-packs.ts';
import { walkChunks } from './walk-chunks.ts';

const PACKS_READ_AT_ONCE = 2;
const PACKS_LOOKED_AT_AT_ONCE = 16;
const CHUNKS_AT_ONCE = 8;

export interface VerifyParts extends PackParts {
  readonly loader: IndexLoader;
  readonly chunks: ChunkReader;
}

export async function verifyStreams<T extends StreamRefLike>(
  parts: VerifyParts,
  refs: AsyncIterable<T>,
  options: VerifyOptions,
): Promise<StreamsReport<T>> {
  const { loader } = parts;
  const { deep, signal } = options;
  await loader.recheck();
  const checks = options.packs ?? (await createPackChecks(parts));
  const findings = createFindings(loader.damages());
  const streams: T[] = [];
  const { named, broken } = await nameChunks(parts, refs, streams, findings, signal);
  await findUnindexed(loader, named, findings);

  const packs = new Map<string, PackFacts>();
  let bytes = 0;
  for (const hex of named) {
    const copies = copiesOf(loader, hex);
    bytes += copies[0]?.storedBytes ?? 0;
    for (const { pack } of copies) packs.set(pack.hex, pack);
  }
  const bad = new Map<string, string>();
  const atOnce = deep ? PACKS_READ_AT_ONCE : PACKS_LOOKED_AT_AT_ONCE;
  await forEachConcurrently(packs.values(), atOnce, async (pack) => {
    const problem = await checks.problemOf(pack, deep, signal);
    if (problem !== undefined) bad.set(pack.hex, problem);
  });
  const doubtful = [...named].filter((hex) =>
    copiesOf(loader, hex).every(({ pack }) => bad.has(pack.hex)),
  );
  const needed = new Set(
    doubtful.flatMap((hex) => copiesOf(loader, hex).map(({ pack }) => pack.hex)),
  );
  for (const [hex, problem] of bad) {
    // An index may name a pack that is gone, as long as all that was in it lies elsewhere.
    if (problem !== PACK_GONE || needed.has(hex)) findings.add(packKey(hex), 'the pack', problem);
  }
  const lost = await findLost(parts, doubtful, bad, findings, signal);
  const broke = lost.size > 0 || broken.size > 0;
  const report = {
    objects: named.size,
    bytes,
    damages: findings.list(),
    lost: broke ? await lostOf(parts, streams, lost, signal) : [],
  };
  // That somebody gave up is no damage.
  signal.throwIfAborted();
  return report;
}

/** Every chunk that the streams consist of, lists included; and the lists that could not be read. */
async function nameChunks<T extends StreamRefLike>(
  parts: VerifyParts,
  refs: AsyncIterable<T>,
  streams: T[],
  findings: Findings,
  signal: AbortSignal,
): Promise<{ readonly named: Set<string>; readonly broken: ReadonlySet<string> }> {
  const named = new Set<string>();
  const seen = new Set<string>();
  const layers = new Set<string>();
  const broken = new Set<string>();
  for await (const ref of refs) {
    signal.throwIfAborted();
    streams.push(ref);
    const name = `${ref.depth}:${ref.pageBytes ?? 0}:${ref.bytes}:${ref.digest}`;
    if (seen.has(name)) continue;
    seen.add(name);
    try {
      for await (const digest of walkChunks(parts.chunks, ref, layers)) {
        signal.throwIfAborted();
        named.add(digest.slice('blake3:'.length));
      }
    } catch (error) {
      if (!isFailure(error)) throw error;
      // What the packs say of this chunk itself comes later; here the rest of the stream became unknown.
      broken.add(name);
      const key = String(error.data['key'] ?? INDEX_PREFIX);
      findings.add(key, `the stream ${ref.digest}`, error.message);
    }
  }
  return { named, broken };
}

async function findUnindexed(
  loader: IndexLoader,
  named: ReadonlySet<string>,
  findings: Findings,
): Promise<void> {
  const unindexed = [...named].filter((hex) => !loader.index.has(hex));
  if (unindexed.length === 0) return;
  await loader.recover();
  for (const hex of unindexed) {
    const reason = loader.recovered.has(hex)
      ? 'in a pack, but in no index'
      : 'in no index and no pack';
    findings.add(INDEX_PREFIX, `chunk ${digestFromHex(hex)}`, reason);
  }
}

/** Of the chunks without a copy in a pack that is whole, those that cannot be read all the same; with the reason. */
async function findLost(
  { loader, chunks }: VerifyParts,
  doubtful: readonly string[],
  bad: ReadonlyMap<string, string>,
  findings: Findings,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const lost = new Map<string, string>();
  await forEachConcurrently(doubtful, CHUNKS_AT_ONCE, async (hex) => {
    signal.throwIfAborted();
    try {
      await chunks.read(hex);
    } catch (error) {
      if (!isFailure(error)) throw error;
      lost.set(hex, error.message);
      const [at] = copiesOf(loader, hex);
      if (at === undefined) return;
      const reason = String(error.data['reason'] ?? bad.get(at.pack.hex));
      findings.add(packKey(at.pack.hex), chunkWords(at), reason);
    }
  });
  return lost;
}

/** A second walk, only where there is damage: which streams name what is lost. */
async function lostOf<T extends StreamRefLike>(
  { chunks }: VerifyParts,
  streams: readonly T[],
  lost: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<readonly LostStream<T>[]> {
  const found: LostStream<T>[] = [];
  for (const stream of streams) {
    signal.throwIfAborted();
    const why = await whyLost(chunks, stream, lost);
    if (why !== undefined) found.push({ stream, why });
  }
  return found;
}

async function whyLost(
  chunks: ChunkReader,
  stream: StreamRefLike,
  lost: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  try {
    for await (const digest of walkChunks(chunks, stream)) {
      const why = lost.get(digest.slice('blake3:'.length));
      if (why !== undefined) return why;
    }
  } catch (error) {
    if (!isFailure(error)) throw error;
    return error.message;
  }
  return undefined;
}

function copiesOf({ index, recovered }: IndexLoader, hex: string): ChunkLocation[] {
  return [...index.locate(hex), ...recovered.locate(hex)];
}

function chunkWords(at: ChunkLocation): string {
  return `chunk ${digestFromHex(at.hex)} at offset ${at.offset}`;
}

interface Findings {
  add(key: StoreKey, subject: string, reason: string): void;
  list(): readonly Damage[];
}

function createFindings(known: readonly Damage[]): Findings {
  const byReason = new Map<
    string,
    { key: StoreKey; first: string; reason: string; count: number }
  >();
  return {
    add(key, subject, reason) {
      const found = byReason.get(`${key} ${reason}`);
      if (found === undefined)
        byReason.set(`${key} ${reason}`, { key, first: subject, reason, count: 1 });
      else found.count++;
    },
    list() {
      const summed = [...byReason.values()].map(({ key, first, reason, count }) => ({
        key,
        what: count === 1 ? `${first}: ${reason}` : `${first} and ${count - 1} more: ${reason}`,
      }));
      return [...known, ...summed];
    },
  };
}
