// Two lenses side by side: which frames only one has, and how the samples of those that both have differ.
import type { FieldSamples, LensField } from '../contract.ts';
import { openLens, type Lens, type LensPlace } from '../read/index.ts';

export interface LensSide {
  readonly name: string;
  readonly runId: string;
  readonly frames: number;
}

export interface FieldDifference {
  readonly name: string;
  readonly kind: 'values' | 'only in from' | 'only in to' | 'layout';
  /** Frames that differ; of `values` alone, as what follows. */
  readonly frames: number;
  readonly firstTick: number | null;
  /** Numbers that differ; where a frame has other samples, or samples elsewhere, those do not count. */
  readonly numbers: number;
  /** Of two numbers; null where none can be subtracted. */
  readonly maxAbsolute: number | null;
}

export interface LensDiff {
  readonly from: LensSide;
  readonly to: LensSide;
  readonly different: boolean;
  /** Frames of the same tick. */
  readonly compared: number;
  readonly onlyInFrom: number;
  readonly onlyInTo: number;
  readonly fields: readonly FieldDifference[];
  readonly equalFields: number;
}

/** Throws LENS_EMPTY, LENS_DAMAGED. Reads both once; memory holds a frame of each. */
export async function diffLenses(
  fromPlace: LensPlace,
  toPlace: LensPlace,
  signal?: AbortSignal,
): Promise<LensDiff> {
  await using from = await openLens(fromPlace, signal && { signal });
  await using to = await openLens(toPlace, signal && { signal });
  const fields = fieldsOf(from, to);
  const names = fields.flatMap(({ name, kind }) => (kind === 'values' ? [name] : []));
  const counted = { compared: 0, onlyInFrom: 0, onlyInTo: 0 };
  for await (const [a, b] of pairs(from, to, names, signal)) {
    if (a === undefined) counted.onlyInTo += 1;
    else if (b === undefined) counted.onlyInFrom += 1;
    else {
      counted.compared += 1;
      for (const field of fields)
        if (field.kind === 'values') compare(field, a.tick, a.fields, b.fields);
    }
  }
  const differing = fields.filter(({ kind, frames }) => kind !== 'values' || frames > 0);
  const { compared, onlyInFrom, onlyInTo } = counted;
  return {
    from: { name: fromPlace.name, runId: from.runId, frames: compared + onlyInFrom },
    to: { name: toPlace.name, runId: to.runId, frames: compared + onlyInTo },
    different: differing.length + onlyInFrom + onlyInTo > 0,
    ...counted,
    fields: differing,
    equalFields: fields.length - differing.length,
  };
}

type Counted = { -readonly [K in keyof FieldDifference]: FieldDifference[K] };

function fieldsOf(from: Lens, to: Lens): readonly Counted[] {
  const none = { frames: 0, firstTick: null, numbers: 0, maxAbsolute: null };
  const ofTo = new Map(to.fields.map((field) => [field.name, field]));
  const known = new Set(from.fields.map(({ name }) => name));
  return [
    ...from.fields.map((field): Counted => {
      const other = ofTo.get(field.name);
      const kind =
        other === undefined
          ? 'only in from'
          : layout(field) === layout(other)
            ? 'values'
            : 'layout';
      return { ...none, name: field.name, kind };
    }),
    ...to.fields.flatMap(({ name }): Counted[] =>
      known.has(name) ? [] : [{ ...none, name, kind: 'only in to' }],
    ),
  ];
}

function layout({ components, topology, unit }: LensField): string {
  const { kind, rows, columns, extent } = topology;
  return JSON.stringify([components, unit, kind, rows, columns, extent]);
}

type Pair = readonly [OneFrame | undefined, OneFrame | undefined];

interface OneFrame {
  readonly tick: number;
  readonly fields: ReadonlyMap<string, FieldSamples>;
}

/** Both in the order of ticks: of each tick what each of them has. */
async function* pairs(
  from: Lens,
  to: Lens,
  names: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<Pair> {
  const options = signal && { signal };
  const a = from.each(names, {}, options);
  const b = to.each(names, {}, options);
  try {
    let [x, y] = [await nextOf(a), await nextOf(b)];
    while (x !== undefined || y !== undefined) {
      const tick = Math.min(x?.tick ?? Infinity, y?.tick ?? Infinity);
      const both = [x?.tick === tick ? x : undefined, y?.tick === tick ? y : undefined] as const;
      yield both;
      if (both[0] !== undefined) x = await nextOf(a);
      if (both[1] !== undefined) y = await nextOf(b);
    }
  } finally {
    await a.return(undefined);
    await b.return(undefined);
  }
}

async function nextOf(frames: AsyncGenerator<OneFrame>): Promise<OneFrame | undefined> {
  const next = await frames.next();
  return next.done === true ? undefined : next.value;
}

function compare(
  field: Counted,
  tick: number,
  from: OneFrame['fields'],
  to: OneFrame['fields'],
): void {
  const [a, b] = [from.get(field.name)!, to.get(field.name)!];
  const sameCount = a.count === b.count;
  const comparable = sameCount ? a.values.length : 0;
  let numbers = 0;
  for (let at = 0; at < comparable; at += 1) {
    const [x, y] = [a.values[at] as number, b.values[at] as number];
    // NaN equals NaN, and 0 equals -0: they are the same number of the world.
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    numbers += 1;
    const apart = Math.abs(x - y);
    if (!Number.isNaN(apart)) field.maxAbsolute = Math.max(field.maxAbsolute ?? 0, apart);
  }
  if (sameCount && numbers === 0 && samePositions(a.positions, b.positions)) return;
  field.frames += 1;
  field.firstTick ??= tick;
  field.numbers += numbers;
}

function samePositions(a: Float64Array | null, b: Float64Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((one, at) => Object.is(one, b[at]));
}
