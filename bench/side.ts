// The processes of the sides of a comparison: all there at once, and only one of them at work.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Asked one thing at a time. */
export interface Side<Order, Answer> extends AsyncDisposable {
  ask(order: Order): Promise<Answer>;
}

/** Resolves when the program has sent its first message: that it is ready. */
export async function startSide<Order extends object | number, Answer>(
  program: URL,
  ...args: readonly string[]
): Promise<Side<Order, Answer>> {
  const child = fork(fileURLToPath(program), [...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await answerOf(child);
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

async function answerOf(child: ChildProcess): Promise<unknown> {
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
