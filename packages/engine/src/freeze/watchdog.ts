// Our end of the watchdog. It is started and ready before anybody is suspended; asking it costs one round trip over a pipe.
// An answer of 'armed' means: until now, nobody but us has resumed anything.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { failure } from '@stillpoint/core';
import { messageOf } from './failures.ts';
import type { WatchdogSetup } from './watchdog-process.ts';

export type WatchdogAnswer = 'armed' | 'fired' | 'gone';

export interface Watchdog extends AsyncDisposable {
  readonly pid: number;
  /** From now on it acts when we die, or when `limitMs` have passed. */
  arm(limitMs: number): void;
  status(): Promise<WatchdogAnswer>;
  /** It will not act any more; resolves when it is gone. */
  disarm(): Promise<WatchdogAnswer>;
}

const readyTimeoutMs = 15_000;
/** A watchdog that does not answer for so long is counted as gone, and killed. */
const answerTimeoutMs = 2000;

export async function startWatchdog(setup: WatchdogSetup, signal: AbortSignal): Promise<Watchdog> {
  const child = spawn(process.execPath, [...nodeFlags(process.execArgv), programFile()], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  exited.catch(() => {});
  child.stdin?.on('error', () => {});
  const conversation = converse(child);
  try {
    conversation.say(JSON.stringify(setup));
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(readyTimeoutMs)]);
    const word = await conversation.hear(bounded);
    if (word !== 'ready') throw new Error(`it said ${word ?? 'nothing'}`);
  } catch (error) {
    await end(child, exited);
    signal.throwIfAborted();
    throw failure('WATCHDOG_FAILED', { why: messageOf(error) }, error);
  }
  return watchdogOf(child, exited, conversation);
}

function watchdogOf(
  child: ChildProcess,
  exited: Promise<unknown>,
  conversation: Conversation,
): Watchdog {
  let disarmed: Promise<WatchdogAnswer> | undefined;
  let gone = false;
  const ask = async (question: string): Promise<WatchdogAnswer> => {
    if (gone) return 'gone';
    conversation.say(question);
    const word = await conversation
      .hear(AbortSignal.timeout(answerTimeoutMs))
      .catch(() => undefined);
    if (word === 'armed' || word === 'fired') return word;
    // Also for ever: an answer that came late would be taken for that to the next question.
    gone = true;
    return 'gone';
  };
  const disarm = async (): Promise<WatchdogAnswer> => {
    const answer = await ask('disarm');
    await end(child, answer === 'gone' ? undefined : exited);
    return answer;
  };
  return {
    pid: child.pid ?? 0,
    arm: (limitMs) => conversation.say(`arm ${Math.ceil(limitMs)}`),
    status: () => (disarmed === undefined ? ask('status') : disarmed),
    disarm: () => (disarmed ??= disarm()),
    async [Symbol.asyncDispose]() {
      await (disarmed ??= disarm());
    },
  };
}

interface Conversation {
  say(line: string): void;
  /** The next line, in order; undefined when it is gone. */
  hear(signal: AbortSignal): Promise<string | undefined>;
}

function converse(child: ChildProcess): Conversation {
  const heard: string[] = [];
  const waiting: ((line: string | undefined) => void)[] = [];
  let closed = false;
  const lines = createInterface({ input: child.stdout! });
  lines.on('line', (line) => {
    const next = waiting.shift();
    if (next === undefined) heard.push(line);
    else next(line);
  });
  const close = (): void => {
    closed = true;
    for (const next of waiting.splice(0)) next(undefined);
  };
  lines.on('close', close);
  child.on('error', close);
  return {
    say: (line) => void child.stdin?.write(`${line}\n`),
    hear(signal) {
      const line = heard.shift();
      if (line !== undefined || closed) return Promise.resolve(line);
      const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
      waiting.push(resolve);
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      return promise;
    },
  };
}

/** With `exited`: it ends by itself and is only waited for, killed if that takes too long. */
async function end(child: ChildProcess, exited?: Promise<unknown>): Promise<void> {
  child.stdin?.destroy();
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const gone = exited ?? once(child, 'exit');
    const timer = setTimeout(
      () => child.kill('SIGKILL'),
      exited === undefined ? 0 : answerTimeoutMs,
    );
    await gone.catch(() => {});
    clearTimeout(timer);
  }
  child.stdout?.destroy();
}

/** Beside this file, under the same extension: .ts in the repository, .js when published. */
function programFile(): string {
  const here = fileURLToPath(import.meta.url);
  return path.join(path.dirname(here), `watchdog-process${path.extname(here)}`);
}

/** Of our own flags those that a program file needs to be found and run; never --eval, --test or --inspect. */
export function nodeFlags(flags: readonly string[]): string[] {
  const wanted: string[] = [];
  for (const [index, flag] of flags.entries()) {
    const name = flag.split('=', 1)[0] ?? '';
    if (!['--conditions', '-C', '--no-warnings', '--disable-warning', '--import'].includes(name))
      continue;
    wanted.push(flag);
    const value = flags[index + 1];
    if (!flag.includes('=') && name !== '--no-warnings' && value !== undefined) wanted.push(value);
  }
  return wanted;
}
