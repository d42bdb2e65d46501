// The thread of DuckDB, as the one that reads lenses sees it.
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { programBeside, threadEnvironment } from '@stillpoint/core';
import { errorFrom } from '../../thread/index.ts';
import type { SqlAnswer, SqlOrder, SqlThreadData } from './messages.ts';

export function startSqlThread(data: Omit<SqlThreadData, 'port'>): SqlThread {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(programBeside(import.meta.url, 'sql-worker'), {
    workerData: { ...data, port: port2 } satisfies SqlThreadData,
    transferList: [port2, data.feeds],
    env: threadEnvironment(),
  });
  return new SqlThread(worker, port1);
}

/** Orders and their answers, one after the other. */
export class SqlThread {
  readonly #port: MessagePort;
  readonly ended: Promise<void>;
  readonly #answers: SqlAnswer[] = [];
  #wake: (() => void) | undefined;
  #lost: Error | undefined;

  constructor(worker: Worker, port: MessagePort) {
    this.#port = port;
    port.on('message', (one: SqlAnswer) => {
      this.#answers.push(one);
      this.#wake?.();
    });
    this.ended = new Promise((resolve) => {
      worker.on('error', (error) => (this.#lost = error as Error));
      worker.on('exit', () => {
        this.#lost ??= new Error('the thread of DuckDB ended');
        this.#port.close();
        this.#wake?.();
        resolve();
      });
    });
  }

  order(one: SqlOrder): void {
    this.#port.postMessage(one, []);
  }

  async answer<T extends SqlAnswer['type']>(type: T): Promise<Extract<SqlAnswer, { type: T }>> {
    for (;;) {
      const one = this.#answers.shift();
      if (one === undefined) {
        if (this.#lost !== undefined) throw this.#lost;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      if (one.type === 'failed') throw errorFrom(one.error);
      if (one.type !== type) throw new TypeError(`${type} was asked for, and ${one.type} came`);
      return one as Extract<SqlAnswer, { type: T }>;
    }
  }

  /** By itself, once it is done with what it does. */
  async end(): Promise<void> {
    this.order({ type: 'interrupt' });
    this.order({ type: 'close' });
    await this.ended;
  }
}
