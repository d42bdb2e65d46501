// A client of a run that goes on: asks one thing and waits for the answer, for no longer than it was told to.
import { once } from 'node:events';
import { connect } from 'node:net';
import { failure, isFailure, StillpointError, catalogue } from '@stillpoint/core';
import { codeOf, line, readAnswer, type Answer } from './wire.ts';

export interface AskOptions {
  readonly socket: string;
  readonly runId: string;
  readonly method: string;
  readonly parameters?: object;
  /** Left out: as long as it takes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Rejects with CTL_NOT_RUNNING, CTL_NO_ANSWER, or with what the run says no with. */
export async function askRun(options: AskOptions): Promise<unknown> {
  const { runId, method, timeoutMs, signal } = options;
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const ends = [signal, timeout].filter((one) => one !== undefined);
  try {
    return resultOf(await call(options, AbortSignal.any(ends)), runId);
  } catch (error) {
    signal?.throwIfAborted();
    if (timeout?.aborted === true)
      throw failure('CTL_NO_ANSWER', { run: runId, method, waitedMs: timeoutMs ?? 0 }, error);
    if (isFailure(error)) throw error;
    throw failure('CTL_NOT_RUNNING', { run: runId }, error);
  }
}

async function call(options: AskOptions, signal: AbortSignal): Promise<Answer> {
  const { socket, method, parameters = {} } = options;
  signal.throwIfAborted();
  const client = connect(socket);
  try {
    await once(client, 'connect', { signal });
    client.setEncoding('utf8');
    client.write(line({ jsonrpc: '2.0', id: 1, method, params: parameters }));
    let text = '';
    signal.addEventListener('abort', () => client.destroy(signal.reason as Error), { once: true });
    for await (const piece of client) {
      text += piece as string;
      if (!text.includes('\n')) continue;
      const answer = readAnswer(text.slice(0, text.indexOf('\n')));
      if (answer === undefined) throw failure('CTL_REFUSED', { why: 'its answer is no JSON-RPC' });
      return answer;
    }
    throw new Error('it ended before it answered');
  } finally {
    client.destroy();
  }
}

function resultOf(answer: Answer, runId: string): unknown {
  if ('result' in answer) return answer.result;
  const known = codeOf(answer.error);
  if (known !== undefined && Object.hasOwn(catalogue, known.code))
    throw new StillpointError(known.code, { run: runId, ...known.data });
  throw failure('CTL_REFUSED', { why: answer.error.message });
}
