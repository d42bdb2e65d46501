// A connection to a run that goes on: JSON-RPC 2.0, one message a line (docs/format/control.md).
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { StillpointError, catalogue, type ErrorCode } from '@stillpoint/core';

export interface RunControl extends Disposable {
  /** Rejects with RunGone when the connection ends, with what the run says no with, with the signal's reason. */
  call(method: string, parameters: object, signal: AbortSignal): Promise<unknown>;
  readonly isOpen: boolean;
}

/** The run has ended, or its process has died. */
export class RunGone extends Error {
  constructor() {
    super('the run ended');
  }
}

interface Answer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: {
    readonly message?: unknown;
    readonly data?: { readonly code?: unknown; readonly data?: unknown };
  };
}

/** Undefined: nobody listens there. */
export async function connectToRun(
  address: string,
  signal: AbortSignal,
): Promise<RunControl | undefined> {
  signal.throwIfAborted();
  const socket = connect(address);
  try {
    await once(socket, 'connect', { signal });
  } catch {
    socket.destroy();
    signal.throwIfAborted();
    return undefined;
  }
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let numbers = 0;
  createInterface({ input: socket }).on('line', (line) => {
    const answer = parse(line);
    const one = typeof answer?.id === 'number' ? waiting.get(answer.id) : undefined;
    if (answer === undefined || one === undefined) return;
    if (answer.error === undefined) one.resolve(answer.result);
    else one.reject(refusalOf(answer.error));
  });
  socket.on('error', () => {});
  socket.once('close', () => {
    for (const one of waiting.values()) one.reject(new RunGone());
  });
  return {
    get isOpen() {
      return !socket.destroyed;
    },
    async call(method, params, until) {
      until.throwIfAborted();
      if (socket.destroyed) throw new RunGone();
      const id = (numbers += 1);
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      const onAbort = (): void => answer.reject(until.reason as Error);
      until.addEventListener('abort', onAbort, { once: true });
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
      try {
        return await answer.promise;
      } finally {
        until.removeEventListener('abort', onAbort);
        waiting.delete(id);
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function parse(line: string): Answer | undefined {
  try {
    return JSON.parse(line) as Answer;
  } catch {
    return undefined;
  }
}

function refusalOf({ message, data }: NonNullable<Answer['error']>): Error {
  const code = data?.code;
  if (typeof code === 'string' && Object.hasOwn(catalogue, code))
    return new StillpointError(code as ErrorCode, (data?.data ?? {}) as Record<string, string>);
  return new Error(String(message));
}
