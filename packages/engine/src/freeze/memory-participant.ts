// The reference participant: an application in this process, with writes in flight and a switch. Shows what the law means
// and lets tests of the freeze run without a server.
import { failure } from '@stillpoint/core';
import type { Hold, Participant } from './contract.ts';

export interface MemoryApplication {
  /** Begins a write; rejects while paused. The returned function ends it. */
  write(): () => void;
  readonly paused: boolean;
  /** Goes on although nobody resumed it, as after a restart. */
  restart(): void;
}

export interface MemoryParticipant extends Participant {
  readonly application: MemoryApplication;
}

export function createMemoryParticipant(
  name: string,
  kind: Participant['kind'] = 'http',
): MemoryParticipant {
  let writes = 0;
  let paused = false;
  /** Of the suspension that lasts now: a number that no other has. */
  let suspension = 0;
  let drained = Promise.withResolvers<void>();
  drained.resolve();
  const resumeNow = (): void => {
    paused = false;
    suspension += 1;
  };
  const application: MemoryApplication = {
    get paused() {
      return paused;
    },
    write() {
      if (paused) throw new Error('paused');
      if (writes === 0) drained = Promise.withResolvers<void>();
      writes += 1;
      return () => {
        writes -= 1;
        if (writes === 0) drained.resolve();
      };
    },
    restart: resumeNow,
  };

  const openHold = async (): Promise<Hold> => {
    let mine: number | undefined;
    let answer: 'held' | 'lost' | undefined;
    let timer: NodeJS.Timeout | undefined;
    return {
      async suspend(signal, limitMs) {
        signal.throwIfAborted();
        paused = true;
        mine = suspension;
        const started = suspension;
        timer = setTimeout(() => {
          if (suspension === started) resumeNow();
        }, limitMs);
        const aborted = Promise.withResolvers<never>();
        const onAbort = (): void => aborted.reject(signal.reason as Error);
        signal.addEventListener('abort', onAbort, { once: true });
        try {
          await Promise.race([drained.promise, aborted.promise]);
        } finally {
          signal.removeEventListener('abort', onAbort);
        }
      },
      async check() {
        if (mine !== suspension) throw failure('FREEZE_LOST', { who: `"${name}" went on` });
      },
      async resume() {
        clearTimeout(timer);
        if (answer !== undefined) return answer;
        answer = mine === suspension ? 'held' : 'lost';
        if (answer === 'held') resumeNow();
        return answer;
      },
      async [Symbol.asyncDispose]() {
        clearTimeout(timer);
      },
    };
  };
  return { name, kind, guards: '*', application, open: openHold };
}
