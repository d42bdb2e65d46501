// A participant that is told over HTTP. The suspend carries a time to live, after which the application goes on by itself;
// that ends the suspension when we die, and the watchdog's resume ends it sooner. A resume that is answered with
// {"held": false}, or that comes when the time to live has passed, says that the application wrote meanwhile.
import { systemClock, type Clock } from '@stillpoint/core';
import type { Hold, HoldOptions, Participant } from './contract.ts';
import { carryOut, type DueHttp } from './due-resume.ts';
import { freezeLost, participantFailed } from './failures.ts';
import { postJson, warmUpHttp } from './http-call.ts';

export interface HttpParticipantOptions {
  readonly name: string;
  readonly guards: readonly string[] | '*';
  /** Receives POST {"snapshot","ttlMs"}; answers 2xx when everything holds still. */
  readonly suspend: string;
  /** Receives POST {"snapshot"}; answers 2xx, with {"held": false} if the suspension had ended before. Idempotent. */
  readonly resume: string;
  readonly clock?: Clock;
}

export function createHttpParticipant(options: HttpParticipantOptions): Participant {
  const { name, guards } = options;
  return { name, kind: 'http', guards, open: (hold) => openHold(options, hold) };
}

async function openHold(options: HttpParticipantOptions, hold: HoldOptions): Promise<Hold> {
  const { name } = options;
  const clock = options.clock ?? systemClock;
  const due: DueHttp = {
    kind: 'http',
    participant: name,
    url: options.resume,
    snapshot: hold.snapshot,
  };
  let resumed: 'held' | 'lost' | undefined;
  let endsAtMs: number | undefined;
  await warmUpHttp();
  return {
    resumeDue: { ...due },
    async suspend(signal, limitMs) {
      const ttlMs = Math.max(1, Math.ceil(limitMs));
      const askedAtMs = clock.monotonicMs();
      try {
        await postJson(options.suspend, { snapshot: hold.snapshot, ttlMs }, signal);
      } catch (error) {
        throw participantFailed(name, 'suspend', error);
      }
      endsAtMs = askedAtMs + ttlMs;
    },
    // The application cannot be asked without changing it; the clock says when it has gone on by itself.
    async check() {
      if (endsAtMs === undefined || clock.monotonicMs() >= endsAtMs) throw freezeLost(name);
    },
    async resume() {
      if (resumed !== undefined) return resumed;
      const expired = endsAtMs === undefined || clock.monotonicMs() >= endsAtMs;
      try {
        const answer = await carryOut(due);
        resumed = expired ? 'lost' : answer;
      } catch (error) {
        throw participantFailed(name, 'resume', error);
      }
      return resumed;
    },
    async [Symbol.asyncDispose]() {},
  };
}
