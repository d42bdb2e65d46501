// Starts the application and asks what it felt.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface WriterTask {
  readonly file: string;
  readonly rows: number;
  readonly journal: 'wal' | 'delete';
  /** From one commit to the next; 0: as fast as it can. */
  readonly everyMs: number;
}

/** Between two moments. */
export interface Felt {
  /** From when a commit was wanted until it was done, those around the window's ends included. */
  readonly longestMs: number;
  readonly commits: number;
}

export interface Writer extends AsyncDisposable {
  during<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly felt: Felt }>;
}

export async function startWriter(task: WriterTask): Promise<Writer> {
  const script = fileURLToPath(new URL('writer-process.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(task)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const ended = exited.then(() => {
    throw new Error('the application ended');
  });
  ended.catch(() => {});
  const ask = async (word: string): Promise<Felt> => {
    const answered = once(child, 'message');
    child.send(word);
    const [felt] = (await Promise.race([answered, ended])) as [Felt];
    return felt;
  };
  // It writes when it answers.
  await ask('close');
  return {
    async during(work) {
      await ask('open');
      const value = await work();
      return { value, felt: await ask('close') };
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
