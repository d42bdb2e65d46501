// The offering thread's side: hands over buffers, counts slots, and asks for answers without waiting for any. One thread writes, one
// checkpoint after the other. If it dies, what it had is told as failed and the next offer starts another.
import {
  MessageChannel,
  receiveMessageOnPort,
  Worker,
  type MessagePort,
} from 'node:worker_threads';
import { failure, programBeside, threadEnvironment } from '@stillpoint/core';
import { errorFrom } from '../thread/index.ts';
import type {
  CheckpointOffer,
  CheckpointOutcome,
  CheckpointWriter,
  WriterOptions,
} from './contract.ts';
import type { WriteAnswer, WriterThreadData } from './writer-messages.ts';

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  /** Orders without an answer. While there are some the process lives. */
  unanswered: number;
  /** Why it ended, once it has. */
  ended?: string;
}

interface InFlight {
  readonly tick: number;
  readonly release: () => void;
  readonly thread: Thread;
}

const DEFAULT_SLOTS = 2;

/** Starts its thread at once, so that the first checkpoint does not wait for it. */
export function createCheckpointWriter(options: WriterOptions): CheckpointWriter {
  return new Writer(options);
}

class Writer implements CheckpointWriter {
  readonly #options: WriterOptions;
  readonly #slots: number;
  readonly #inFlight = new Map<number, InFlight>();
  /** What has come and was not asked for yet. */
  readonly #answers: WriteAnswer[] = [];
  #thread: Thread | undefined;
  #numbers = 0;
  #dropped = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#slots = options.slots ?? DEFAULT_SLOTS;
    this.#thread = this.#start();
  }

  get free(): number {
    return this.#slots - this.#inFlight.size;
  }

  get dropped(): number {
    return this.#dropped;
  }

  offer({ facts, sections, lensGoal, release }: CheckpointOffer): boolean {
    if (this.#closed) throw new TypeError('the checkpoint writer is closed');
    if (this.free <= 0) {
      this.#dropped += 1;
      return false;
    }
    if (this.#thread === undefined || this.#thread.ended !== undefined)
      this.#thread = this.#start();
    const thread = this.#thread;
    const number = this.#numbers + 1;
    // Throws for what cannot be JSON either (functions): the caller's mistake, and no slot is taken by it.
    thread.port.postMessage({ number, facts, sections, lensGoal }, []);
    this.#numbers = number;
    this.#inFlight.set(number, { tick: facts.tick, release, thread });
    thread.unanswered += 1;
    thread.worker.ref();
    return true;
  }

  poll(): readonly CheckpointOutcome[] {
    this.#receive();
    return this.#answers.splice(0).flatMap((answer) => this.#end(answer));
  }

  async drain(): Promise<readonly CheckpointOutcome[]> {
    const outcomes: CheckpointOutcome[] = [...this.poll()];
    while (this.#inFlight.size > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      outcomes.push(...this.poll());
    }
    return outcomes;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread === undefined || thread.ended !== undefined) return;
    // Without its port nothing keeps it; what it is at is ended first. Not `terminate()`: a thread that is stopped while a native
    // module is loading or hashing takes the whole process down (V8: "Check failed: (location_) != nullptr").
    await new Promise<void>((resolve) => {
      thread.worker.once('exit', () => resolve());
      thread.worker.ref();
      thread.port.close();
    });
  }

  /** Also where the event loop never turns. */
  #receive(): void {
    const threads = new Set([...this.#inFlight.values()].map(({ thread }) => thread));
    for (const thread of threads) {
      for (;;) {
        const received = receiveMessageOnPort(thread.port);
        if (received === undefined) break;
        this.#take(thread, received.message as WriteAnswer);
      }
    }
    // Only now: its last answers may have come before its end.
    for (const [number, { thread }] of this.#inFlight) {
      if (thread.ended === undefined || this.#answers.some((one) => one.number === number))
        continue;
      this.#answers.push({ number, error: { message: thread.ended } });
    }
  }

  #take(thread: Thread, answer: WriteAnswer): void {
    this.#answers.push(answer);
    thread.unanswered -= 1;
    // Also where nobody asks any more: a loop that has ended keeps no process alive.
    if (thread.unanswered === 0) thread.worker.unref();
  }

  #end({ number, written, error }: WriteAnswer): readonly CheckpointOutcome[] {
    const one = this.#inFlight.get(number);
    if (one === undefined) return [];
    this.#inFlight.delete(number);
    const { tick, release } = one;
    release();
    if (written !== undefined) return [{ outcome: 'written', tick, ...written }];
    return [{ outcome: 'failed', tick, error: this.#errorOf(tick, error) }];
  }

  #errorOf(tick: number, error: WriteAnswer['error']): Error {
    const { runDirectory: directory } = this.#options;
    const why = error?.message ?? 'the thread gave no reason';
    if (error?.code !== undefined) return errorFrom(error);
    return failure('CKPT_WRITE_FAILED', { tick, directory, why });
  }

  #start(): Thread {
    const { runDirectory, keep, fullEvery } = this.#options;
    const { port1: port, port2 } = new MessageChannel();
    const data: WriterThreadData = {
      port: port2,
      runDirectory,
      keep: keep ?? null,
      fullEvery: fullEvery ?? 1,
    };
    const worker = new Worker(programBeside(import.meta.url, 'writer-worker'), {
      workerData: data,
      transferList: [port2],
      env: threadEnvironment(),
    });
    const thread: Thread = { worker, port, unanswered: 0 };
    const wake = (): void => {
      this.#wake?.();
    };
    port.on('message', (answer: WriteAnswer) => {
      this.#take(thread, answer);
      wake();
    });
    port.unref();
    worker.on('error', (error) => {
      thread.ended ??= `the thread that writes was lost: ${error.message}`;
      wake();
    });
    worker.on('exit', (code) => {
      thread.ended ??= `the thread that writes ended with ${code}`;
      wake();
    });
    worker.unref();
    return thread;
  }
}
