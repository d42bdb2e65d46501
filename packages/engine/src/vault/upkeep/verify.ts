// Checks that streams can be read. Shallow: each chunk is in an index and its pack is there with the right size (chunk
// lists are read: there is no other way to know the chunks). Deep: each pack named is read whole, its bytes compared
// with its name, and each chunk named is decoded and compared with its digest. Each pack and each chunk is looked
// at once, however many streams name it. A chunk is lost only if no copy of it is good. Damage is
// reported with the key of the object, never thrown, and summed up: a lost pack is one line, not a thousand.
import { digestFromHex, digestHex, digestOf, isFailure } from '@stillpoint/core';
import type { ChunkLocation, PackFacts } from '../read/chunk-index.ts';
import type { ChunkOpener } from '../read/chunk-opener.ts';
import type { ChunkReader } from '../read/chunk-reader.ts';
import type {
  Damage,
  Store,
  StoreKey,
  StreamRefLike,
  VerifyOptions,
  VerifyReport,
} from '../contract.ts';
import { forEachConcurrently } from '../flow.ts';
import type { IndexLoader } from '../read/index-loader.ts';
import { INDEX_PREFIX, packKey } from '../format/layout.ts';
import { listChunks } from '../read/stream-reader.ts';

const PACKS_READ_AT_ONCE = 2;
const PACKS_LOOKED_AT_AT_ONCE = 16;
const CHUNKS_AT_ONCE = 8;

export interface VerifyParts {
  readonly store: Store;
  readonly loader: IndexLoader;
  readonly chunks: ChunkReader;
  readonly opener: ChunkOpener;
}

export async function verifyStreams(
  parts: VerifyParts,
  refs: AsyncIterable<StreamRefLike>,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const { loader } = parts;
  const { deep, signal } = options;
  await loader.refresh();
  const findings = createFindings(loader.damages());
  const named = await nameChunks(parts, refs, findings, signal);
  await findUnindexed(loader, named, findings);

  const copiesOf = (hex: string): ChunkLocation[] => [
    ...loader.index.locate(hex),
    ...loader.recovered.locate(hex),
  ];
  let bytes = 0;
  for (const hex of named) bytes += copiesOf(hex)[0]?.storedBytes ?? 0;

  let wanted: Iterable<string> = named;
  for (let copy = 0; ; copy++) {
    const groups = groupByPack(wanted, (hex) => copiesOf(hex)[copy]);
    if (groups.size === 0) break;
    const again: string[] = [];
    const atOnce = deep ? PACKS_READ_AT_ONCE : PACKS_LOOKED_AT_AT_ONCE;
    await forEachConcurrently(groups.values(), atOnce, async ({ pack, hexes }) => {
      signal.throwIfAborted();
      const locations = hexes.map((hex) => copiesOf(hex)[copy] as ChunkLocation);
      const bad = deep
        ? await readPack(parts, pack, locations, findings, signal)
        : await lookAtPack(parts.store, pack, locations);
      for (const { at, reason } of bad) {
        if (copiesOf(at.hex).length > copy + 1) again.push(at.hex);
        else findings.add(packKey(pack.hex), chunkWords(at), reason);
      }
    });
    wanted = again;
  }
  return { objects: named.size, bytes, damages: findings.list() };
}

/** Every chunk that the streams consist of, lists included. */
async function nameChunks(
  parts: VerifyParts,
  refs: AsyncIterable<StreamRefLike>,
  findings: Findings,
  signal: AbortSignal,
): Promise<Set<string>> {
  const named = new Set<string>();
  const lists = new Set<string>();
  const noting = {
    read: (hex: string) => {
      signal.throwIfAborted();
      named.add(hex);
      return parts.chunks.read(hex);
    },
  };
  for await (const ref of refs) {
    signal.throwIfAborted();
    const name = `${ref.depth}:${ref.bytes}:${ref.digest}`;
    if (ref.depth > 0 && lists.has(name)) continue;
    if (ref.depth > 0) lists.add(name);
    try {
      for await (const { hex, bytes } of listChunks(noting, ref)) {
        named.add(hex);
        const [at] = parts.loader.index.locate(hex);
        if (at !== undefined && at.plainBytes !== bytes) {
          findings.add(
            packKey(at.pack.hex),
            chunkWords(at),
            'a stream names it with another length',
          );
        }
      }
    } catch (error) {
      if (!isFailure(error)) throw error;
      // What the packs say of this chunk itself comes later; here the rest of the stream became unknown.
      const key = String(error.data['key'] ?? INDEX_PREFIX);
      findings.add(key, `the stream ${ref.digest}`, error.message);
    }
  }
  return named;
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
    const [at] = loader.recovered.locate(hex);
    const reason = at === undefined ? 'in no index and no pack' : 'in a pack, but in no index';
    findings.add(INDEX_PREFIX, `chunk ${digestFromHex(hex)}`, reason);
  }
}

interface PackGroup {
  readonly pack: PackFacts;
  readonly hexes: string[];
}

function groupByPack(
  hexes: Iterable<string>,
  locate: (hex: string) => ChunkLocation | undefined,
): Map<string, PackGroup> {
  const groups = new Map<string, PackGroup>();
  for (const hex of hexes) {
    const pack = locate(hex)?.pack;
    if (pack === undefined) continue;
    const group = groups.get(pack.hex) ?? { pack, hexes: [] };
    group.hexes.push(hex);
    groups.set(pack.hex, group);
  }
  return groups;
}

interface BadChunk {
  readonly at: ChunkLocation;
  readonly reason: string;
}

async function lookAtPack(
  store: Store,
  pack: PackFacts,
  locations: readonly ChunkLocation[],
): Promise<BadChunk[]> {
  const bytes = await store.stat(packKey(pack.hex)).then((found) => found?.bytes, reasonOf);
  if (bytes === pack.bytes) return [];
  const size =
    bytes === undefined ? 'the pack is gone' : `the pack has ${bytes} bytes, not ${pack.bytes}`;
  const reason = typeof bytes === 'string' ? bytes : size;
  return locations.map((at) => ({ at, reason }));
}

async function readPack(
  { store, opener }: VerifyParts,
  pack: PackFacts,
  locations: readonly ChunkLocation[],
  findings: Findings,
  signal: AbortSignal,
): Promise<BadChunk[]> {
  const key = packKey(pack.hex);
  const content = await store.get(key, { signal }).catch(reasonOf);
  if (typeof content === 'string') return locations.map((at) => ({ at, reason: content }));
  if (digestHex(digestOf(content)) !== pack.hex) {
    findings.add(key, 'the pack', 'its bytes do not have the digest in its name');
  }
  const bad: BadChunk[] = [];
  await forEachConcurrently(locations, CHUNKS_AT_ONCE, async (at) => {
    const plain = await opener.open(at, content.subarray(at.offset, at.offset + at.storedBytes));
    if (typeof plain === 'string') bad.push({ at, reason: plain });
  });
  return bad;
}

function reasonOf(error: unknown): string {
  if (isFailure(error, 'OBJECT_MISSING')) return 'the pack is gone';
  if (isFailure(error)) return error.message;
  throw error;
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
