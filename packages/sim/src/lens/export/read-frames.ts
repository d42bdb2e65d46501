// Frames as they are exported: of each field by itself, so that one that is damaged does not take the others along.
import type { FieldSamples, LensField, LensFrame } from '../contract.ts';
import type { FrameRange, Lens } from '../read/index.ts';
import type { ExportProgress } from './contract.ts';

export interface ExportedFrame {
  readonly tick: number;
  readonly timeSeconds: number;
  /** In the order that they were asked for; good until the next frame is. Null: it could not be read. */
  readonly fields: readonly (FieldSamples | null)[];
}

export async function* exportedFrames(
  lens: Lens,
  fields: readonly LensField[],
  range: FrameRange,
  progress: ExportProgress,
): AsyncGenerator<ExportedFrame> {
  await using stack = new AsyncDisposableStack();
  const readers = fields.map((field) => stack.use(new FieldReader(lens, field, range, progress)));
  for await (const { tick, timeSeconds } of lens.frames(range, readOptions(lens, progress))) {
    const samples: (FieldSamples | null)[] = [];
    for (const reader of readers) samples.push(await reader.at(tick));
    yield { tick, timeSeconds, fields: samples };
  }
}

export function readOptions({ runId }: Lens, { signal, damaged }: ExportProgress) {
  return { damaged: (reason: string) => damaged(runId, reason), ...(signal && { signal }) };
}

/** The samples of one field, in the order of ticks. */
export class FieldReader implements AsyncDisposable {
  readonly #lens: Lens;
  readonly #field: LensField;
  readonly #progress: ExportProgress;
  readonly #frames: AsyncGenerator<LensFrame>;
  #next: LensFrame | undefined;
  #begun = false;

  constructor(lens: Lens, field: LensField, range: FrameRange, progress: ExportProgress) {
    this.#lens = lens;
    this.#field = field;
    this.#progress = progress;
    this.#frames = lens.each([field.name], range, { ...readOptions(lens, progress), reuse: true });
  }

  /** Good until the next are asked for. Null: they could not be read, and that was told. Ticks only grow. */
  async at(tick: number): Promise<FieldSamples | null> {
    while (!this.#begun || (this.#next !== undefined && this.#next.tick < tick)) {
      const next = await this.#frames.next();
      this.#begun = true;
      this.#next = next.done === true ? undefined : next.value;
    }
    if (this.#next?.tick !== tick) {
      this.#tellRemoved();
      return null;
    }
    const samples = this.#next.fields.get(this.#field.name)!;
    this.#progress.advance(samples.values.byteLength);
    return samples;
  }

  /** A frame is missing that was there when its ticks were listed: damage was told already, a prune was not. */
  #tellRemoved(): void {
    const { runId } = this.#lens;
    if (this.#progress.damagedIn(runId).length > 0) return;
    this.#progress.damaged(runId, `Frames of ${runId} were removed while they were read.`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#frames.return(undefined);
  }
}
