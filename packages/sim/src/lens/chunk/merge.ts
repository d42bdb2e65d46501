// Makes one `.lens` file of several that follow each other. The new one is read back before it has its name, and only then the old ones
// go: whoever dies in between leaves both, and the longer counts (names.ts).
import { failure, fsyncDirectory, removeFileDurable } from '@stillpoint/core';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileSource } from '../../zip/index.ts';
import type { ChunkFacts, LensField } from '../contract.ts';
import { widthOf } from '../journal/index.ts';
import { lensFileName } from '../names.ts';
import { openChunk, type KeptField, type LensChunk } from './open.ts';
import { writeChunk, type ChunkContent, type FieldContent } from './write.ts';

export interface Merged {
  readonly file: string;
  readonly facts: ChunkFacts;
  readonly sizeBytes: number;
}

/** `files` in the order of their ticks, of one run, with the same fields. By whoever has the run's lock. Throws LENS_DAMAGED: then all are as before. */
export async function mergeChunks(files: readonly string[], signal?: AbortSignal): Promise<Merged> {
  const directory = path.dirname(files[0]!);
  const { facts, sizeBytes, temporary } = await writeMerged(directory, files, signal);
  const file = path.join(directory, lensFileName(facts.ticks, 'lens'));
  await rename(temporary, file);
  await fsyncDirectory(directory);
  for (const old of files) if (old !== file) await removeFileDurable(old);
  return { file, facts, sizeBytes };
}

async function writeMerged(
  directory: string,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<Merged & { readonly temporary: string }> {
  await using opened = new AsyncDisposableStack();
  const chunks: LensChunk[] = [];
  for (const file of files)
    chunks.push(await openChunk(opened.use(await fileSource(file)), signal));
  const facts = factsOf(chunks);
  const file = path.join(directory, lensFileName(facts.ticks, 'lens'));
  const temporary = `${file}.tmp`;
  try {
    const sizeBytes = await writeChunk(temporary, facts, await contentOf(chunks, signal), signal);
    await verify(temporary, signal);
    return { file, facts, sizeBytes, temporary };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

interface Part extends KeptField {
  /** 1: its first set of positions is the last of those before it. */
  readonly repeats?: 1;
}

function factsOf(chunks: readonly LensChunk[]): ChunkFacts {
  const [first, last] = [chunks[0]!, chunks.at(-1)!];
  return {
    ...first.facts,
    ticks: { start: first.facts.ticks.start, end: last.facts.ticks.end },
    frames: chunks.reduce((sum, { facts }) => sum + facts.frames, 0),
  };
}

async function verify(file: string, signal?: AbortSignal): Promise<void> {
  await using source = await fileSource(file);
  const chunk = await openChunk(source, signal);
  for await (const reason of chunk.verify(signal))
    throw failure('LENS_DAMAGED', { path: file, reason });
}

async function contentOf(
  chunks: readonly LensChunk[],
  signal?: AbortSignal,
): Promise<ChunkContent> {
  const kept = new Map<string, FieldContent>();
  for (const field of chunks[0]!.facts.fields) {
    const parts: Part[] = [];
    for (const chunk of chunks)
      parts.push(await withoutRepeated(await chunk.kept(field.name, signal), parts));
    kept.set(field.name, fieldContent(field, parts));
  }
  return {
    ticks: chunks.flatMap(({ ticks }) => ticks),
    timesSeconds: chunks.flatMap(({ timesSeconds }) => [...timesSeconds]),
    field: ({ name }) => kept.get(name)!,
  };
}

/** A chunk begins with the positions that the one before it ended with, where nothing moved: they are kept once. */
async function withoutRepeated(part: KeptField, before: readonly KeptField[]): Promise<Part> {
  const last = before.findLast(({ positionSets }) => positionSets > 0);
  if (last === undefined || part.positionSets === 0) return part;
  const ended = await last.positions(last.positionSets - 1, last.positionSets);
  const begins = await part.positions(0, 1);
  const most = Math.max(ended.length, begins.length);
  for (let at = 0; at < most; at += 1)
    if (!Object.is(ended[at] ?? Number.NaN, begins[at] ?? Number.NaN)) return part;
  return {
    ...part,
    repeats: 1,
    positionSets: part.positionSets - 1,
    positions: (from, to) => part.positions(from + 1, to + 1),
  };
}

function fieldContent(field: LensField, parts: readonly Part[]): FieldContent {
  let before = 0;
  const positionsOf = parts.flatMap((part) => {
    const first = before - (part.repeats ?? 0);
    before += part.positionSets;
    return part.positionsOf.map((set) => (set < 0 ? -1 : set + first));
  });
  return {
    counts: parts.flatMap(({ counts }) => counts),
    positionSets: before,
    positionsOf,
    async values(block, from, count, samples) {
      const rows = { from, to: from + count };
      for (const { part, low, high, row } of pieces(parts, rows, ({ counts }) => counts.length))
        spread(await part.values(low, high), part.samples, widthOf(field), block, row, samples);
    },
    async positions(block, from, count, samples) {
      const rows = { from, to: from + count };
      for (const { part, low, high, row } of pieces(parts, rows, (one) => one.positionSets))
        spread(await part.positions(low, high), part.samples, 3, block, row, samples);
    },
  };
}

/** Which rows of which part are rows `from` to `to` of all of them together. */
function* pieces(
  parts: readonly KeptField[],
  { from, to }: { readonly from: number; readonly to: number },
  rowsOf: (part: KeptField) => number,
): Generator<{
  readonly part: KeptField;
  readonly low: number;
  readonly high: number;
  readonly row: number;
}> {
  let first = 0;
  for (const part of parts) {
    const end = first + rowsOf(part);
    const [low, high] = [Math.max(from, first), Math.min(to, end)];
    if (low < high) yield { part, low: low - first, high: high - first, row: low - from };
    first = end;
  }
}

/** Rows of one length into rows that are as long or longer. */
function spread(
  rows: Float64Array | Float32Array,
  samples: number,
  width: number,
  block: Float64Array | Float32Array,
  firstRow: number,
  blockSamples: number,
): void {
  const [across, room] = [samples * width, blockSamples * width];
  for (let row = 0; row * across < rows.length; row += 1)
    block.set(rows.subarray(row * across, (row + 1) * across), (firstRow + row) * room);
}
