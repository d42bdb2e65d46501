// Write locks that this process holds, by file. The participant and the driver of one file do not know each other, and both need the
// one lock there is: a restore switches the file while the participant holds it. So whoever has it stands here, and the driver
// places its state through that keeper instead of waiting for itself.
import type { Keeper } from './keeper.ts';
import { startKeeper } from './keeper.ts';
import type { Placed } from './record.ts';

export interface FileHold extends AsyncDisposable {
  /** Ends promptly on its signal. Throws SQLITE_BUSY. */
  lock(options: HoldLimits, signal: AbortSignal): Promise<void>;
  /** Nobody else can have written since lock(), but what place() put there. */
  isHeld(): Promise<boolean>;
  /** Idempotent; what isHeld() would have said. */
  release(): Promise<boolean>;
  place(given: Placing): Promise<readonly string[]>;
  stamp(stamp: string): Promise<void>;
}

export interface Placing {
  readonly placed: Placed;
  readonly undo: string;
  /** It is the state that the undo point of this restore holds. */
  readonly back: boolean;
}

export interface HoldLimits {
  readonly waitMs: number;
  readonly limitMs: number;
}

/** A keeper that is stopped or hangs is killed after so long; the lock ends with it. */
const answerWithinMs = 2000;

const holds = new Map<string, FileHold>();

export function findHold(file: string): FileHold | undefined {
  return holds.get(file);
}

/** Its process is there when this resolves; it has touched nothing. */
export async function openHold(file: string, signal: AbortSignal): Promise<FileHold> {
  const keeper = startKeeper(file);
  try {
    await keeper.ask('holds', null, signal);
  } catch (error) {
    await keeper[Symbol.asyncDispose]();
    throw error;
  }
  return holdOf(file, keeper);
}

function holdOf(file: string, keeper: Keeper): FileHold {
  // A keeper that does not answer is gone, and its lock with it.
  const answer = (order: 'holds' | 'release'): Promise<boolean> =>
    keeper.ask(order, null, AbortSignal.timeout(answerWithinMs)).catch(() => false);
  const forget = (): void => {
    if (holds.get(file) === hold) holds.delete(file);
  };
  const hold: FileHold = {
    async lock(limits, signal) {
      await keeper.ask('lock', { file, ...limits }, signal);
      holds.set(file, hold);
    },
    isHeld: () => answer('holds'),
    async release() {
      forget();
      return answer('release');
    },
    async place(placing) {
      const { kept } = await keeper.ask('place', { file, ...placing });
      return kept;
    },
    async stamp(stamp) {
      await keeper.ask('stamp', { file, stamp });
    },
    async [Symbol.asyncDispose]() {
      forget();
      await keeper[Symbol.asyncDispose]();
    },
  };
  return hold;
}
