// The thread that records, as the simulation's side sees it: what it has answered so far, and how to talk to it.
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { programBeside, threadEnvironment } from '@stillpoint/core';
import { createWatermark, errorFrom, type Watermark } from '../../thread/index.ts';
import type { RecorderOptions } from '../record/index.ts';
import type { RecorderAnswer, RecorderThreadData } from './recorder-messages.ts';

export interface RecorderThread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly taken: Watermark;
  readonly flushed: Watermark;
  opened?: {
    readonly frames: number;
    readonly lastTick: number;
    readonly accountedTick: number;
  };
  /** Why it does not record. */
  refused?: Error;
  /** The number of the last that was answered, */
  flushes: number;
  /** and why what it asked for is not durable. */
  notFlushed?: Error | undefined;
  closed?: { readonly error?: Error };
  /** Why it ended, once it has. */
  ended?: string;
}

/** Both are called by the event loop only; whoever does not turn it reads the port himself. */
export interface RecorderEvents {
  readonly answered: (answer: RecorderAnswer) => void;
  readonly ended: () => void;
}

/** What it has said of itself; what it says of frames is its listener's. */
export function noteAnswer(thread: RecorderThread, answer: RecorderAnswer): void {
  if (answer.type === 'opened') thread.opened = answer;
  if (answer.type === 'refused') thread.refused = errorFrom(answer.error);
  if (answer.type === 'flushed') {
    thread.flushes = answer.number;
    thread.notFlushed = answer.error && errorFrom(answer.error);
  }
  if (answer.type === 'closed')
    thread.closed = answer.error === undefined ? {} : { error: errorFrom(answer.error) };
}

/** `offered`: frames that were handed over to those before it. */
export function startRecorder(
  options: RecorderOptions,
  offered: number,
  events: RecorderEvents,
): RecorderThread {
  const { port1: port, port2 } = new MessageChannel();
  const taken = createWatermark();
  const flushed = createWatermark();
  taken.raise(offered);
  const data: RecorderThreadData = {
    port: port2,
    options,
    taken: taken.buffer,
    flushed: flushed.buffer,
  };
  const worker = new Worker(programBeside(import.meta.url, 'recorder-worker'), {
    workerData: data,
    transferList: [port2],
    env: threadEnvironment(),
  });
  const thread: RecorderThread = { worker, port, taken, flushed, flushes: 0 };
  port.on('message', events.answered);
  port.unref();
  let why: string | undefined;
  worker.on('error', (error) => {
    why = error.message;
  });
  // Only now: until then it may write.
  worker.on('exit', (code) => {
    thread.ended = why ?? `the thread ended with ${code}`;
    flushed.end();
    events.ended();
  });
  worker.unref();
  return thread;
}
