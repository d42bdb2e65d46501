// The simulation's side of a lens: copies frames into free slots, counts what finds none, and hears what became of them without waiting.
// A recorder whose thread dies is started again; what it had on its way is told as lost.
import { receiveMessageOnPort } from 'node:worker_threads';
import { failure } from '@stillpoint/core';
import { errorFrom } from '../../thread/index.ts';
import type { LensField, TickRange } from '../contract.ts';
import type { RunLock } from '../../directory/index.ts';
import { takeLensLock, type RecorderOptions } from '../record/index.ts';
import { checkFrame } from './check-frame.ts';
import { refuseLargeSample } from './fields.ts';
import type {
  LensCapture,
  LensCaptureOptions,
  LensCloseOptions,
  LensEvent,
  LensMark,
  SampledFrame,
} from './contract.ts';
import { HandedOver, type UnderWay } from './handed-over.ts';
import { createLosses, type Losses } from './losses.ts';
import { createPositionFilter, type PositionFilter } from './position-filter.ts';
import type { RecorderAnswer, RecorderOrder } from './recorder-messages.ts';
import { noteAnswer, startRecorder, type RecorderThread } from './recorder-thread.ts';
import { createSlots, type PackedFrame, type Slots } from './slots.ts';
import { unlessUnwritable } from './disk-error.ts';
import { whileWaiting } from './while-waiting.ts';

const USUAL_CHUNK_TICKS = 50_000;
const USUAL_SLOT_BYTES = 32 * 1024 * 1024;
const RESTARTS = 3;

/**
 * Opens a lens to record into, in a thread of its own. Throws LENS_SAMPLE_TOO_LARGE, and what opening a recorder throws.
 *
 * ```ts
 * await using capture = await createLensCapture({
 *   directory: './lens/my-run', runId: 'my-run', world: 'my loop',
 *   fields: [{ name: 'heat', unit: 'K', components: [], topology: { kind: 'grid', rows: 90, columns: 180 },
 *     reconstruction: 'linear', precision: { type: 'float32' } }],
 * });
 * for (let tick = 1; tick <= 1000; tick += 1) {
 *   step();
 *   const fields = new Map([['heat', { count: heat.length, values: heat, positions: null }]]);
 *   if (tick % 10 === 0) capture.offer({ tick, simTimeSeconds: tick / 100, fields });
 * }
 * await capture.close();
 * ```
 */
export async function createLensCapture(options: LensCaptureOptions): Promise<LensCapture> {
  for (const field of options.fields) refuseLargeSample(field);
  const lock = await takeLensLock(options).catch((error: unknown) => {
    throw unlessUnwritable(error, options.directory);
  });
  const capture = new Capture(options, lock);
  try {
    await capture.open();
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
  return capture;
}

class Capture implements LensCapture {
  readonly directory: string;
  readonly fields: readonly LensField[];
  readonly #recorder: RecorderOptions;
  /** Of this thread, which ends after the recorder's whatever ends us: what that one has asked of a disk meets no other writer. */
  readonly #lock: RunLock;
  readonly #slots: Slots;
  readonly #handed: HandedOver;
  readonly #slotCount: number;
  readonly #positions: PositionFilter;
  /** Samples of each field that were said to be somewhere. */
  readonly #placed = new Map<string, number>();
  readonly #losses: Losses;
  #thread: RecorderThread;
  #restarts = 0;
  #flushes = 0;
  #framesBefore = 0;
  #lastTick = -1;
  /** That the lens was opened with. */
  #firstTick = -1;
  #accountedTick = -1;
  #closed: Promise<void> | undefined;
  /** Its thread may still write; nobody listens any more to what becomes of frames from here on: they were counted as lost. */
  #abandonedFrom: number | undefined;
  #wake: (() => void) | undefined;
  readonly #onEvent: (event: LensEvent) => void;

  constructor(options: LensCaptureOptions, lock: RunLock) {
    this.#lock = lock;
    const { directory, runId, world, fields, resumedTick, frameBytes = 0 } = options;
    this.directory = directory;
    this.fields = fields;
    this.#recorder = {
      directory,
      runId,
      world,
      fields,
      chunkTicks: options.chunkTicks ?? USUAL_CHUNK_TICKS,
      ...(resumedTick === undefined ? {} : { resumedTick }),
    };
    const fitting = Math.floor(USUAL_SLOT_BYTES / Math.max(frameBytes, 1));
    const slots = options.slots ?? Math.min(Math.max(fitting, 4), 1024);
    this.#slots = createSlots(fields, slots, frameBytes);
    this.#handed = new HandedOver(slots);
    this.#slotCount = slots;
    this.#positions = createPositionFilter(fields);
    this.#onEvent = options.onEvent ?? ((): void => {});
    this.#losses = createLosses(this.#onEvent);
    this.#thread = this.#start(this.#recorder);
  }

  get lastTick(): number {
    return this.#lastTick;
  }

  get accountedTick(): number {
    return this.#accountedTick;
  }

  get frames(): number {
    return this.#framesBefore + this.#handed.frames - this.#losses.afterOffer;
  }

  get dropped(): number {
    return this.#losses.count;
  }

  async open(): Promise<void> {
    const { opened, refused, ended } = await this.#until(({ opened }) => opened !== undefined);
    if (opened === undefined) throw refused ?? new Error(ended);
    this.#framesBefore = opened.frames;
    this.#lastTick = opened.lastTick;
    // Gaps that are named before the first frame are not cut either.
    this.#firstTick = opened.accountedTick;
    this.#accountedTick = opened.accountedTick;
  }

  offer(frame: SampledFrame): boolean {
    if (this.#closed !== undefined) throw new TypeError('the capture of the lens is closed');
    checkFrame(this.fields, frame, { lastTick: this.#lastTick, placed: this.#placed });
    const { tick } = frame;
    this.#lastTick = tick;
    this.poll();
    const why = this.#revived();
    if (why !== undefined) {
      this.#losses.failed({ start: tick, end: tick + 1 }, 1, why);
      this.#positions.lost(frame);
      return false;
    }
    // Where some were refused, it is taken up again only once half of the slots are free: so the gaps are few and can be named.
    const slots = this.#slotCount;
    const most = this.#losses.isDropping ? slots >> 1 : slots - 1;
    if (this.#handed.waiting(this.#thread.taken.count) > most) {
      this.#losses.slow(tick);
      this.#positions.lost(frame);
      return false;
    }
    const packed = this.#pack(frame);
    const number = this.#handed.add(tick);
    const dropped = this.#losses.takeUntold();
    this.#order({ type: 'frame', number, frame: packed, dropped });
    return true;
  }

  miss(ticks: TickRange, frames: number, error: unknown): void {
    this.#lastTick = Math.max(ticks.end - 1, this.#lastTick);
    this.#losses.failed(ticks, frames, error);
  }

  flush(): LensMark | undefined {
    this.poll();
    if (this.#closed !== undefined || this.#lastTick < 0) return undefined;
    if (this.#revived() !== undefined) return undefined;
    this.#flushes += 1;
    const number = this.#flushes;
    this.#order({ type: 'flush', number, dropped: this.#losses.takeUntold() });
    const facts = { tick: this.#lastTick, frames: this.frames };
    return { facts, goal: { buffer: this.#thread.flushed.buffer, count: number } };
  }

  poll(): void {
    const thread = this.#thread;
    for (;;) {
      const received = receiveMessageOnPort(thread.port);
      if (received === undefined) return;
      this.#take(thread, received.message as RecorderAnswer);
    }
  }

  async drain(): Promise<void> {
    const mark = this.flush();
    if (mark === undefined) return;
    const { count } = mark.goal;
    const { flushes, notFlushed, refused, ended } = await this.#until(
      (thread) => thread.flushes >= count,
    );
    if (flushes < count) throw refused ?? this.#lostRecorder(ended);
    if (notFlushed !== undefined) throw notFlushed;
  }

  async close({ signal }: LensCloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(signal);
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#end(signal);
    } finally {
      if (this.#abandonedFrom === undefined) await this.#lock[Symbol.asyncDispose]();
    }
  }

  async #end(signal: AbortSignal | undefined): Promise<void> {
    this.poll();
    const why = this.#revived();
    if (why !== undefined) throw why;
    this.#order({ type: 'close', dropped: this.#losses.takeUntold() });
    const isClosed = ({ closed }: RecorderThread): boolean => closed !== undefined;
    const { closed, refused, ended } = await whileWaiting(
      () => this.#until(isClosed, signal),
      (waitedMs) => {
        const { frames } = this.#underWay();
        this.#onEvent({ type: 'lens:waiting', tick: this.#lastTick, frames, waitedMs });
      },
    );
    if (closed === undefined && ended === undefined) throw this.#abandon();
    this.#thread.port.close();
    if (closed === undefined) throw refused ?? new Error(ended);
    if (closed.error !== undefined) throw closed.error;
  }

  /** The lock stays: what the disk takes later is whole frames all the same, and nobody else writes beside it. */
  #abandon(): Error {
    const { ticks, frames, gaps } = this.#underWay();
    this.#abandonedFrom = ticks.start;
    // What was refused just before it was counted.
    this.poll();
    const lost =
      frames === 0
        ? 'no frame is lost'
        : frames === 1
          ? 'one frame is lost'
          : `${frames} frames are lost`;
    const why = failure('LENS_NOT_CLOSED', { directory: this.directory, lost });
    this.#losses.lostUnderWay(ticks, frames, gaps, why);
    return why;
  }

  /** What was handed over and is not written. */
  #underWay(): UnderWay {
    return this.#handed.underWay(this.#thread.taken.count, this.#firstTick);
  }

  #pack(frame: SampledFrame): PackedFrame {
    try {
      return this.#slots.pack(this.#handed.frames, this.#positions.filtered(frame));
    } catch (error) {
      // Positions were noted that never came to the recorder.
      this.#positions.forgotten();
      throw error;
    }
  }

  #order(order: RecorderOrder): void {
    const number = order.type === 'frame' ? order.number : this.#handed.frames + 1;
    this.#handed.addGaps(number, order.dropped, this.#thread.taken.count);
    this.#thread.port.postMessage(order, []);
  }

  /** Why there is no thread that records. One that died is followed by another, a few times. */
  #revived(): Error | undefined {
    const { ended, refused } = this.#thread;
    if (ended === undefined) return undefined;
    const why = refused ?? this.#lostRecorder(ended);
    const { frames, lastTaken, ticks, gaps } = this.#underWay();
    this.#handed.forgetGaps();
    if (frames > 0 || gaps.length > 0) this.#losses.lostUnderWay(ticks, frames, gaps, why);
    this.#thread.taken.raise(this.#handed.frames);
    if (this.#restarts >= RESTARTS) return why;
    this.#restarts += 1;
    this.#losses.wentWrong(this.#lastTick, why);
    // What the next one knows of positions, it has to be told.
    this.#positions.forgotten();
    // One that was written and not counted yet is cut: it was told as lost.
    this.#thread = this.#start({ ...this.#recorder, resumedTick: lastTaken });
    return undefined;
  }

  #lostRecorder(why = 'the thread ended'): Error {
    return failure('LENS_RECORDER_LOST', { directory: this.directory, why });
  }

  #take(thread: RecorderThread, answer: RecorderAnswer): void {
    const from = this.#abandonedFrom ?? Infinity;
    if (from < Infinity && (answer.type !== 'failed' || answer.tick >= from)) return;
    noteAnswer(thread, answer);
    if (answer.type === 'failed') this.#losses.notWritten(answer.tick, errorFrom(answer.error));
    if (answer.type === 'trouble') this.#losses.wentWrong(this.#lastTick, errorFrom(answer.error));
    if (answer.type === 'flushed' && thread.notFlushed !== undefined)
      this.#losses.wentWrong(this.#lastTick, thread.notFlushed);
  }

  /** Of the thread that is there now; also where it has ended, or the wait for it. */
  async #until(
    isSo: (thread: RecorderThread) => boolean,
    signal?: AbortSignal,
  ): Promise<RecorderThread> {
    const thread = this.#thread;
    const wake = (): void => this.#wake?.();
    signal?.addEventListener('abort', wake);
    thread.worker.ref();
    for (;;) {
      this.poll();
      if (isSo(thread) || thread.ended !== undefined || signal?.aborted === true) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    thread.worker.unref();
    signal?.removeEventListener('abort', wake);
    return thread;
  }

  #start(options: RecorderOptions): RecorderThread {
    const thread: RecorderThread = startRecorder(options, this.#handed.frames, {
      answered: (answer) => {
        this.#take(thread, answer);
        this.#wake?.();
      },
      ended: () => {
        this.#wake?.();
        // Nobody waits for it: its disk has answered after all. What it says of a lock has no listener.
        if (this.#abandonedFrom !== undefined) this.#lock[Symbol.asyncDispose]().catch(() => {});
      },
    });
    return thread;
  }
}
