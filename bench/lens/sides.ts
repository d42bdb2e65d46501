// The processes of the sides: all there at once, and only one of them at work.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SideAnswer, SideName, SideOrder } from './contract.ts';

const program = fileURLToPath(new URL('./side-process.ts', import.meta.url));

export interface Process<Order, Answer> extends AsyncDisposable {
  ask(order: Order): Promise<Answer>;
}

export type SideProcess = Process<SideOrder, SideAnswer>;

export async function startSide(name: SideName, framesFile: string): Promise<SideProcess> {
  const child = fork(program, [name, framesFile], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await answerOf(child);
  return processOver(child);
}

/** Asked one thing at a time. */
export function processOver<Order extends object, Answer>(
  child: ChildProcess,
): Process<Order, Answer> {
  return {
    async ask(order) {
      const answer = answerOf(child);
      child.send(order);
      return (await answer) as Answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const closed = once(child, 'exit');
      child.disconnect();
      await closed;
    },
  };
}

export async function answerOf(child: ChildProcess): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const gone = (status: number | null): void => reject(new Error(`a side ended with ${status}`));
  child.once('exit', gone);
  child.once('message', resolve);
  try {
    return await promise;
  } finally {
    child.off('exit', gone);
    child.off('message', resolve);
  }
}
