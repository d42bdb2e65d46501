// What a lens holds, without reading its samples.
import type { LensField } from '../contract.ts';
import { openLens, type FrameTime, type LensPlace } from '../read/index.ts';
import type { Dropped } from '../record/index.ts';

export interface LensInfo {
  readonly name: string;
  readonly runId: string;
  readonly world: string;
  /** ISO 8601; shown, never compared. */
  readonly createdAt: string;
  readonly fields: readonly LensField[];
  readonly frames: number;
  readonly first: FrameTime | null;
  readonly last: FrameTime | null;
  /** Ticks between two frames that follow each other; null where that is not always the same. */
  readonly strideTicks: number | null;
  readonly chunks: readonly {
    readonly file: string;
    readonly sizeBytes: number;
    readonly sealed: boolean;
  }[];
  readonly dropped: readonly Dropped[];
  /** What cannot be read. */
  readonly damaged: readonly string[];
}

/** Throws LENS_EMPTY, LENS_FOREIGN, LENS_PLACE_REFUSED. */
export async function lensInfo(
  place: LensPlace,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<LensInfo> {
  const damaged: string[] = [];
  const options = { damaged: (reason: string) => damaged.push(reason), ...(signal && { signal }) };
  await using lens = await openLens(place, options);
  let frames = 0;
  let first: FrameTime | null = null;
  let last: FrameTime | null = null;
  const strides = new Set<number>();
  for await (const frame of lens.frames({}, options)) {
    if (last !== null) strides.add(frame.tick - last.tick);
    first ??= frame;
    last = frame;
    frames += 1;
  }
  const [stride] = strides;
  const { runId, world, createdAt, fields, dropped } = lens;
  return {
    name: place.name,
    runId,
    world,
    createdAt,
    fields,
    frames,
    first,
    last,
    strideTicks: strides.size === 1 ? (stride ?? null) : null,
    chunks: await lens.files(options),
    dropped,
    damaged: [...new Set(damaged)],
  };
}
