// What the body of a transaction holds. It stands for one transaction only: used after its end it is refused, for what it would
// write then would be in somebody else's transaction, or in none.
import type { Transaction } from './contract.ts';
import { asked, resultOf, type Asked, type Conversation } from './conversation.ts';
import { drizzleOfTransaction } from './drizzle.ts';

export interface Handle {
  readonly transaction: Transaction;
  /** The error of the first statement that failed; a savepoint may have made up for it. */
  readonly firstFailure: () => unknown;
  /** From here on the transaction is refused to whoever still has it. Resolves when no statement of it is under way. */
  end(): Promise<void>;
}

export function openHandle(conversation: Conversation, signal: AbortSignal | undefined): Handle {
  let ended = false;
  let firstFailure: unknown;
  let copy: AsyncGenerator<Uint8Array, void> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const guard = (): void => {
    if (ended) throw new TypeError('the transaction has ended: await what is done in its body');
    signal?.throwIfAborted();
    if (copy !== undefined)
      throw new TypeError('a COPY ... TO STDOUT is open: read it to its end or return it first');
  };
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    guard();
    const mine = turn.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    turn = mine.catch(() => {});
    try {
      return await mine;
    } catch (error) {
      firstFailure ??= error;
      throw error;
    }
  };
  const ask = (config: Asked) => inTurn(() => conversation.ask(config));

  async function* copyOut(text: string): AsyncGenerator<Uint8Array, void> {
    guard();
    const chunks = conversation.copyOut(text);
    const before = turn;
    copy = chunks;
    try {
      await before;
      for await (const chunk of chunks) {
        yield chunk;
        signal?.throwIfAborted();
      }
    } catch (error) {
      firstFailure ??= error;
      throw error;
    } finally {
      if (copy === chunks) copy = undefined;
    }
  }

  return {
    firstFailure: () => firstFailure,
    transaction: {
      query: async (text, values) => resultOf(await ask(asked(text, values))),
      drizzle: drizzleOfTransaction(ask),
      copyIn: (text, chunks) => inTurn(() => conversation.copyIn(text, chunks)),
      copyOut,
    },
    async end() {
      ended = true;
      // Left half-read, it would stand in the way of the commit.
      await copy?.return().catch(() => {});
      await turn;
    },
  };
}
