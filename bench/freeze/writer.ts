// Starts the writing client and gives it orders: go, pause, look at a window, hold the lock.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClientConfig } from 'pg';

export interface WriterTask {
  readonly connection: ClientConfig;
  readonly rows: number;
  readonly lockKey: string;
}

export type Order =
  | { readonly what: 'go' | 'pause' | 'open' | 'close' }
  | { readonly what: 'hold'; readonly holdMs: number };

/** What the application felt between two moments. */
export interface WindowReport {
  /** The longest time between two commits, the ones around the window's ends included. */
  readonly longestMs: number;
  readonly commits: number;
}

export interface Writer extends AsyncDisposable {
  go(): Promise<void>;
  /** Resolves when its transaction has ended; it begins no other. */
  pause(): Promise<void>;
  /** Runs `work` and says what the application felt meanwhile. */
  during<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly felt: WindowReport }>;
  /** Another connection takes the lock for so long. Resolves when it is over. */
  hold(holdMs: number): Promise<void>;
}

interface Answer {
  readonly number: number;
  readonly report?: WindowReport;
  readonly error?: string;
}

export async function startWriter(task: WriterTask): Promise<Writer> {
  const script = fileURLToPath(new URL('writer-process.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(task)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const ended = exited.then(() => {
    throw new Error('the writing client ended');
  });
  ended.catch(() => {});
  const waiting = new Map<number, (answer: Answer) => void>();
  const answerTo = (number: number): Promise<Answer> =>
    Promise.race([new Promise<Answer>((resolve) => waiting.set(number, resolve)), ended]);
  child.on('message', (message) => {
    const answer = message as Answer;
    waiting.get(answer.number)?.(answer);
    waiting.delete(answer.number);
  });
  let orders = 0;
  const give = async (order: Order): Promise<WindowReport | undefined> => {
    orders += 1;
    const answered = answerTo(orders);
    child.send({ number: orders, order });
    const { report, error } = await answered;
    if (error !== undefined) throw new Error(`the writing client: ${error}`);
    return report;
  };
  await answerTo(0);
  return {
    go: async () => void (await give({ what: 'go' })),
    pause: async () => void (await give({ what: 'pause' })),
    hold: async (holdMs) => void (await give({ what: 'hold', holdMs })),
    async during(work) {
      await give({ what: 'open' });
      const value = await work();
      const felt = await give({ what: 'close' });
      if (felt === undefined) throw new Error('the writing client reported nothing');
      return { value, felt };
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
