// Our end of the keeper: starting it, asking it, and making sure that it goes.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { failure, StillpointError, type ErrorCode } from '@stillpoint/core';
import { nodeFlags } from '../../freeze/index.ts';
import type { Answer, Given, OrderName, Result } from './keeper-orders.ts';

export interface Keeper extends AsyncDisposable {
  readonly pid: number;
  /** On the signal the order is cancelled; a keeper that is busy inside SQLite is then killed. Not for `place`. */
  ask<K extends OrderName>(order: K, given: Given<K>, signal?: AbortSignal): Promise<Result<K>>;
}

/** It can be deep in a check of a large file; then it does not hear that nobody wants the outcome. */
const cancelledWithinMs = 300;
const endedWithinMs = 2000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** `file` is only for errors. Ready at once: orders wait in the channel until it listens. */
export function startKeeper(file: string): Keeper {
  const child = fork(programFile(), [], {
    cwd: '/',
    detached: true,
    execArgv: nodeFlags(process.execArgv),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const waiting = new Map<number, Waiting>();
  let numbers = 0;
  let gone: string | undefined;
  const exited = endOf(child, (why) => {
    gone ??= why;
    for (const one of waiting.values()) one.reject(failure('SQLITE_KEEPER_FAILED', { file, why }));
    waiting.clear();
  });
  child.on('message', (message) => {
    const { number, result, error } = message as Answer;
    const one = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) one?.resolve(result);
    else one?.reject(errorOf(file, error));
  });

  const send = (number: number, message: object): void => {
    child.send(message, (error) => {
      if (error !== null) waiting.get(number)?.reject(lost(file, error.message));
    });
  };
  async function ask(order: OrderName, given: unknown, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    if (gone !== undefined || !child.connected) throw lost(file, gone ?? 'it has ended');
    numbers += 1;
    const number = numbers;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    waiting.set(number, { resolve, reject });
    send(number, { number, order, given });
    let timer: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      if (child.connected) send(number, { cancel: number });
      timer = setTimeout(() => child.kill('SIGKILL'), cancelledWithinMs);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await promise;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    }
  }
  let ended: Promise<void> | undefined;
  return {
    pid: child.pid ?? 0,
    ask: ask as Keeper['ask'],
    [Symbol.asyncDispose]: () => (ended ??= end(child, exited)),
  };
}

async function endOf(child: ChildProcess, tell: (why: string) => void): Promise<void> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    tell(`it ended with ${signal ?? code}`);
  } catch (error) {
    // It could not be started.
    tell(error instanceof Error ? error.message : String(error));
  }
}

async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), endedWithinMs);
  await exited;
  clearTimeout(timer);
}

function lost(file: string, why: string): StillpointError {
  return failure('SQLITE_KEEPER_FAILED', { file, why });
}

function errorOf(file: string, { message, code, data }: NonNullable<Answer['error']>): Error {
  if (code === undefined) return lost(file, message);
  return new StillpointError(code as ErrorCode, data ?? {});
}

/** One order in a keeper of its own. */
export async function askOnce<K extends OrderName>(
  file: string,
  order: K,
  given: Given<K>,
  signal?: AbortSignal,
): Promise<Result<K>> {
  await using keeper = startKeeper(file);
  return await keeper.ask(order, given, signal);
}

/** Beside this file, under the same extension: .ts in the repository, .js when published. */
function programFile(): string {
  const here = fileURLToPath(import.meta.url);
  return path.join(path.dirname(here), `keeper-process${path.extname(here)}`);
}
