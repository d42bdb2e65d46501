// The processes of the sides: all there at once, and only one of them at work.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SideAnswer, SideName, SideOrder } from './contract.ts';

const program = fileURLToPath(new URL('./side-process.ts', import.meta.url));

export interface SideProcess extends AsyncDisposable {
  ask(order: SideOrder): Promise<SideAnswer>;
}

export async function startSide(name: SideName, framesFile: string): Promise<SideProcess> {
  const child = fork(program, [name, framesFile], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await answerOf(child);
  return {
    async ask(order) {
      const answer = answerOf(child);
      child.send(order);
      return await answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const closed = once(child, 'exit');
      child.disconnect();
      await closed;
    },
  };
}

async function answerOf(child: ChildProcess): Promise<SideAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<SideAnswer>();
  const gone = (status: number | null): void => reject(new Error(`a side ended with ${status}`));
  child.once('exit', gone);
  child.once('message', (answer) => resolve(answer as SideAnswer));
  try {
    return await promise;
  } finally {
    child.off('exit', gone);
    child.removeAllListeners('message');
  }
}
