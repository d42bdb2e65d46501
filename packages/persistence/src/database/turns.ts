// One session for everybody: work is done in turns. Whoever asks for a turn inside of his own would wait for himself for ever,
// so that is told at once.
import { AsyncLocalStorage } from 'node:async_hooks';

export interface Turns {
  /** Rejects with a TypeError inside of work that has its turn now. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createTurns(whose: string): Turns {
  const inside = new AsyncLocalStorage<{ over: boolean }>();
  let last: Promise<unknown> = Promise.resolve();
  return {
    async run(work) {
      if (inside.getStore()?.over === false)
        throw new TypeError(
          `${whose} has one connection: inside of a transaction use that transaction`,
        );
      const turn = { over: false };
      const mine = last.then(() => inside.run(turn, work));
      last = mine.catch(() => {}).finally(() => (turn.over = true));
      return mine;
    },
  };
}
