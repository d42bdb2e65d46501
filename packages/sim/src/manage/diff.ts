// Two checkpoints side by side: which arrays differ, in how many elements and by how much, and what else is not the same. When they
// were written and on what is told, but is no difference: two runs of one world at one tick are equal when their states are.
import { canonicalJson } from '@stillpoint/core';
import { openCheckpoint } from '../checkpoint/index.ts';
import type { OpenCheckpoint, SectionEntry } from '../checkpoint/contract.ts';
import { differenceOf, numbersOf, type ArrayDifference } from './numbers.ts';

export interface FactDifference {
  /** `tick`, `era`, `parameters.rotation`, `world.signal temperature`, `own`. */
  readonly name: string;
  /** Null: it has none such. */
  readonly from: string | number | null;
  readonly to: string | number | null;
}

export type SectionDifference =
  | { readonly name: string; readonly kind: 'only in from' | 'only in to' }
  /** Of another dtype or shape: their elements cannot be put side by side. */
  | {
      readonly name: string;
      readonly kind: 'layout';
      readonly from: string;
      readonly to: string;
    }
  | ({ readonly name: string; readonly kind: 'values'; readonly dtype: string } & ArrayDifference);

export interface CheckpointDiff {
  readonly from: CheckpointSide;
  readonly to: CheckpointSide;
  readonly different: boolean;
  readonly facts: readonly FactDifference[];
  readonly sections: readonly SectionDifference[];
  readonly equalSections: number;
}

export interface CheckpointSide {
  readonly file: string;
  readonly runId: string;
  readonly tick: number;
  readonly digest: string;
}

export async function diffCheckpoints(
  from: string,
  to: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<CheckpointDiff> {
  await using a = await openCheckpoint(from);
  await using b = await openCheckpoint(to);
  const facts = [...factDifferences(a, b)];
  const sections: SectionDifference[] = [];
  const names = new Set([...a.sections, ...b.sections].map(({ name }) => name));
  for (const name of names) {
    signal?.throwIfAborted();
    const difference = await sectionDifference(name, a, b);
    if (difference !== undefined) sections.push(difference);
  }
  return {
    from: sideOf(a),
    to: sideOf(b),
    different: facts.length + sections.length > 0,
    facts,
    sections,
    equalSections: names.size - sections.length,
  };
}

async function sectionDifference(
  name: string,
  a: OpenCheckpoint,
  b: OpenCheckpoint,
): Promise<SectionDifference | undefined> {
  const x = entryOf(a, name);
  const y = entryOf(b, name);
  if (y === undefined) return { name, kind: 'only in from' };
  if (x === undefined) return { name, kind: 'only in to' };
  const [from, to] = [layoutText(x), layoutText(y)];
  if (from !== to) return { name, kind: 'layout', from, to };
  // The digests are of the plain bytes: what is equal need not be read.
  if (x.digest === y.digest) return undefined;
  const { dtype } = x;
  const left = numbersOf(dtype, await a.read(name));
  const difference = differenceOf(left, numbersOf(dtype, await b.read(name)));
  // Other bits of NaN are no other number.
  return difference === undefined ? undefined : { name, kind: 'values', dtype, ...difference };
}

function* factDifferences(a: OpenCheckpoint, b: OpenCheckpoint): Iterable<FactDifference> {
  const [x, y] = [comparedFacts(a), comparedFacts(b)];
  for (const name of new Set([...Object.keys(x), ...Object.keys(y)])) {
    const [from, to] = [x[name] ?? null, y[name] ?? null];
    if (!Object.is(from, to)) yield { name, from, to };
  }
}

function comparedFacts({ facts }: OpenCheckpoint): Readonly<Record<string, string | number>> {
  const { tick, simTimeSeconds, era, seed, parameters, world, own } = facts;
  const { entries, modules, assets, packages, bundle } = world.parts;
  const below = (
    of: string,
    values: Readonly<Record<string, string | number>>,
  ): readonly (readonly [string, string | number])[] =>
    Object.entries(values).map(([name, value]) => [`${of}.${name}`, value]);
  return Object.fromEntries<string | number>([
    ['tick', tick],
    ['simTimeSeconds', simTimeSeconds],
    ['era', era],
    ['seed', seed],
    ...below('parameters', parameters),
    ['world', world.name],
    ...below('world', entries),
    ...(bundle === null ? [] : ([['code', bundle]] as const)),
    ...below('module', modules),
    ...below('asset', assets),
    ...below('package', packages),
    ...(own === null ? [] : ([['own', canonicalJson(own)]] as const)),
  ]);
}

function entryOf({ sections }: OpenCheckpoint, name: string): SectionEntry | undefined {
  return sections.find((section) => section.name === name);
}

function layoutText({ dtype, shape }: SectionEntry): string {
  return `${dtype} [${shape.join(', ')}]`;
}

function sideOf({ path, facts, digest }: OpenCheckpoint): CheckpointSide {
  return { file: path, runId: facts.runId, tick: facts.tick, digest };
}
