// A participant that breaks the law on purpose, one way at a time, around one that keeps it.
import type { Hold, Participant } from './contract.ts';

export interface Faults {
  readonly openRejects?: boolean;
  /** Rejects when the inner one is already paused. */
  readonly suspendRejects?: boolean;
  /** Neither holds still nor minds its signal. */
  readonly suspendHangs?: boolean;
  readonly checkRejects?: boolean;
  /** So many attempts to resume fail before one succeeds. */
  readonly resumesRejected?: number;
  /** Somebody else ended it. */
  readonly resumeLost?: boolean;
}

export function createFaultyParticipant(inner: Participant, faults: Faults): Participant {
  const openHold: Participant['open'] = async (options) => {
    if (faults.openRejects === true) throw new Error('cannot be opened');
    const hold = await inner.open(options);
    let rejected = 0;
    const faulty: Hold = {
      async suspend(signal, limitMs) {
        if (faults.suspendHangs === true) await new Promise<never>(() => {});
        await hold.suspend(signal, limitMs);
        if (faults.suspendRejects === true) throw new Error('will not hold still');
      },
      async check() {
        if (faults.checkRejects === true) throw new Error('was not held');
        await hold.check();
      },
      async resume() {
        if (rejected < (faults.resumesRejected ?? 0)) {
          rejected += 1;
          throw new Error('will not go on');
        }
        const answer = await hold.resume();
        return faults.resumeLost === true ? 'lost' : answer;
      },
      [Symbol.asyncDispose]: () => hold[Symbol.asyncDispose](),
    };
    return hold.resumeDue === undefined ? faulty : { ...faulty, resumeDue: hold.resumeDue };
  };
  return { name: inner.name, kind: inner.kind, guards: inner.guards, open: openHold };
}
