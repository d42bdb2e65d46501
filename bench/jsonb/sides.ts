// The processes that write documents, one for each way, all there at once and only one of them at work.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Cost, SideTask } from './side-process.ts';

const program = fileURLToPath(new URL('./side-process.ts', import.meta.url));

export interface Side extends AsyncDisposable {
  write(count: number): Promise<Cost>;
}

export async function startSide(task: SideTask): Promise<Side> {
  const child = fork(program, [JSON.stringify(task)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await answerOf(child);
  return {
    async write(count) {
      const answer = answerOf(child);
      child.send(count);
      return (await answer) as Cost;
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
