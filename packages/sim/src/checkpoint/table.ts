// The table of a checkpoint: canonical JSON that says what the file is of, and where each section lies. It is believed only after its
// digest was, and then only as far as it fits the file: lengths are checked here, before anybody allocates by them.
import { canonicalBytes, isDigest, type Digest } from '@stillpoint/core';
import { DTYPES, type SectionKind } from '../state/contract.ts';
import { bytesPerElement } from '../state/index.ts';
import type { CheckpointFacts, OpenCheckpoint, SectionEntry } from './contract.ts';
import { aligned, BLOCK_BYTES, HEADER_BYTES, PAGE_BYTES } from './layout.ts';

export const CODECS = ['raw', 'zstd', 'shuffle-zstd'] as const;
export type Codec = (typeof CODECS)[number];

/** Pages of the section that this file has, from and how many; all others are the base's. Null: the section is whole. */
export type PageRuns = readonly (readonly [from: number, count: number])[] | null;

export interface StoredSection extends SectionEntry {
  readonly offset: number;
  readonly codec: Codec;
  /** Stored bytes of each block; a block of which they are its plain bytes is raw. Null where all are. */
  readonly blocks: readonly number[] | null;
  readonly pages: PageRuns;
  readonly storedDigest: Digest;
}

export interface Table {
  readonly facts: CheckpointFacts;
  readonly base: OpenCheckpoint['base'];
  readonly sections: readonly StoredSection[];
}

const KINDS: readonly SectionKind[] = ['clock', 'random', 'instances', 'signal', 'member'];

export function encodeTable(table: Table): Uint8Array {
  return canonicalBytes(table);
}

/** Plain bytes that a file has of a section: all of it, or its changed pages one after the other. */
export function packedBytes(section: Pick<StoredSection, 'plainBytes' | 'pages'>): number {
  const { plainBytes, pages } = section;
  if (pages === null) return plainBytes;
  const last = pages.at(-1);
  if (last === undefined) return 0;
  const count = pages.reduce((sum, [, many]) => sum + many, 0);
  const endsAt = (last[0] + last[1]) * PAGE_BYTES;
  // Only the last page of a section may be shorter than others.
  return count * PAGE_BYTES - Math.max(0, endsAt - plainBytes);
}

export function blocksOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES);
}

/** Throws an Error that says what is wrong, with the section's name in front where there is one. */
export function decodeTable(bytes: Uint8Array, tableOffset: number): Table {
  const table = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<Table> | null;
  if (!isObject(table) || !isObject(table.facts) || !Array.isArray(table.sections))
    throw new Error('it has no facts or no sections');
  checkFacts(table.facts);
  const base = table.base ?? null;
  if (base !== null && !(isObject(base) && isPlainName(base.file) && isDigest(base.digest)))
    throw new Error('its base is not named as one is');
  const sections = table.sections as readonly StoredSection[];
  const names = new Set<string>();
  let from = HEADER_BYTES;
  for (const section of sections) {
    const why = troubleOf(section, from, tableOffset, base !== null);
    if (why !== undefined) throw new SectionError(nameOf(section), why);
    if (names.has(section.name)) throw new SectionError(section.name, 'it is there twice');
    names.add(section.name);
    from = section.offset + section.storedBytes;
  }
  if (aligned(from) !== tableOffset) throw new Error('there is something between it and sections');
  return { facts: table.facts, base, sections };
}

/** What is wrong is wrong with one section. */
export class SectionError extends Error {
  readonly section: string;
  constructor(section: string, why: string) {
    super(why);
    this.section = section;
  }
}

/** `from` is where the section before ends; sections lie in the order of the table, each at the next aligned place. */
function troubleOf(
  section: StoredSection,
  from: number,
  to: number,
  hasBase: boolean,
): string | undefined {
  if (!isObject(section) || typeof section.name !== 'string' || section.name === '')
    return 'it has no name';
  if (!KINDS.includes(section.kind)) return 'it is of no known kind';
  if (!DTYPES.includes(section.dtype)) return 'its numbers are of no known type';
  if (!CODECS.includes(section.codec)) return 'its codec is unknown';
  if (!isDigest(section.digest) || !isDigest(section.storedDigest)) return 'it has no digest';
  const { shape, plainBytes, storedBytes, offset } = section;
  if (!isCount(plainBytes) || !isCount(storedBytes) || !isCount(offset))
    return 'its lengths are no numbers of bytes';
  if (offset !== aligned(from) || offset + storedBytes > to) return 'it does not lie in its place';
  if (!Array.isArray(shape) || !shape.every(isCount)) return 'its shape is none';
  const elements = shape.reduce((product, one) => product * one, 1);
  if (elements * bytesPerElement[section.dtype] !== plainBytes)
    return 'its shape has not its number of bytes';
  return pagesTrouble(section, hasBase) ?? blocksTrouble(section);
}

function pagesTrouble({ pages, plainBytes }: StoredSection, hasBase: boolean): string | undefined {
  if (pages === null) return undefined;
  if (!hasBase || !Array.isArray(pages)) return 'it has pages without a base';
  const last = Math.ceil(plainBytes / PAGE_BYTES);
  let from = 0;
  for (const run of pages as NonNullable<PageRuns>) {
    if (!Array.isArray(run) || run.length !== 2 || !run.every(isCount)) return 'its pages are none';
    const [first, count] = run as unknown as readonly [number, number];
    if (first < from || count === 0 || first + count > last) return 'its pages do not lie in it';
    from = first + count;
  }
  return undefined;
}

function blocksTrouble(section: StoredSection): string | undefined {
  const { codec, blocks, storedBytes } = section;
  const packed = packedBytes(section);
  if (codec === 'raw')
    return blocks === null && packed === storedBytes ? undefined : 'raw, it has another length';
  if (!Array.isArray(blocks) || blocks.length !== blocksOf(packed))
    return 'it has not as many blocks as it needs';
  let sum = 0;
  for (const [at, bytes] of (blocks as readonly number[]).entries()) {
    const plain = Math.min(BLOCK_BYTES, packed - at * BLOCK_BYTES);
    if (!isCount(bytes) || bytes === 0 || bytes > plain) return 'a block has an impossible length';
    sum += bytes;
  }
  return sum === storedBytes ? undefined : 'its blocks are not as long as it';
}

function checkFacts(facts: CheckpointFacts): void {
  const { runId, tick, simTimeSeconds, era, createdAt, world, runtime, seed, parameters } = facts;
  const texts = [runId, era, createdAt, seed, world?.name];
  const good =
    texts.every((one) => typeof one === 'string') &&
    isCount(tick) &&
    typeof simTimeSeconds === 'number' &&
    isDigest(world.hash) &&
    isObject(world.parts) &&
    isObject(runtime) &&
    isObject(parameters) &&
    Array.isArray(facts.eras) &&
    Array.isArray(facts.strata) &&
    (facts.stateHash === null || isDigest(facts.stateHash));
  if (!good) throw new Error('its facts are not complete');
}

function nameOf(section: unknown): string {
  return isObject(section) && typeof section['name'] === 'string' ? section['name'] : '?';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** In the same directory and nowhere else. */
function isPlainName(value: unknown): boolean {
  return typeof value === 'string' && /^[\w.-]+$/.test(value) && !value.startsWith('.');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
