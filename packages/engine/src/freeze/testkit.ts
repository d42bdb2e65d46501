// The suite that every participant passes. A fixture brings the participant and the application behind it; the suite asks
// the application what it feels. `supports` are facts, all false unless told, and the negative ones are tested as well.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isFailure, newSnapshotId, silent } from '@stillpoint/core';
import type { Hold, Participant } from './contract.ts';

export interface ParticipantSupports {
  /** The hold itself notices that somebody else ended its suspension: check() and resume() say so. */
  readonly noticesLoss: boolean;
  /** A suspension that nobody resumes ends at its limit without a watchdog. */
  readonly endsByItself: boolean;
}

export interface ParticipantFixture extends AsyncDisposable {
  readonly participant: Participant;
  /** Resolves when the application has written once more; rejects when it could not within `timeoutMs`. */
  writes(timeoutMs: number): Promise<void>;
  /** Whether a write would get through now. */
  isPaused(): Promise<boolean>;
  /** Puts a write in flight, so that suspend() has to wait; the returned function ends it. */
  keepBusy(): Promise<() => Promise<void>>;
  /** Ends the suspension behind the hold's back: a server restarted, an administrator. Only with `noticesLoss`. */
  endSuspension?(): Promise<void>;
}

export interface ParticipantSuite {
  readonly name: string;
  readonly supports?: Partial<ParticipantSupports>;
  readonly create: () => Promise<ParticipantFixture>;
}

const limitMs = 20_000;
/** Far beyond what anything here takes; what is awaited comes or does not. */
const patienceMs = 10_000;

export function testParticipant(suite: ParticipantSuite): void {
  const supports = suite.supports ?? {};
  describe(`participant ${suite.name} keeps the law`, () => {
    const check = (law: string, body: (fixture: ParticipantFixture) => Promise<void>): void => {
      it(law, async () => {
        await using fixture = await suite.create();
        await body(fixture);
      });
    };

    check('1: open pauses nobody', async (fixture) => {
      await using hold = await openHold(fixture);
      assert.equal(await fixture.isPaused(), false);
      assert.equal(await hold.resume(), 'lost', 'what was never suspended was not held');
    });

    check('2: suspended is paused, resumed is not', async (fixture) => {
      await using hold = await openHold(fixture);
      await hold.suspend(new AbortController().signal, limitMs);
      assert.equal(await fixture.isPaused(), true);
      await hold.check();
      assert.equal(await hold.resume(), 'held');
      await fixture.writes(patienceMs);
    });

    check('2: suspend waits for what is in flight', async (fixture) => {
      await using hold = await openHold(fixture);
      const finish = await fixture.keepBusy();
      let finished = false;
      const suspended = hold.suspend(new AbortController().signal, limitMs).then(() => {
        assert.equal(finished, true, 'suspended while a write was in flight');
      });
      // Gives a wrong implementation the time to be wrong; a right one is waiting whatever this takes.
      await Promise.race([suspended, delay(150)]);
      finished = true;
      await finish();
      await suspended;
      assert.equal(await hold.resume(), 'held');
    });

    check('2: suspend ends promptly on its signal, and resume ends the rest', async (fixture) => {
      await using hold = await openHold(fixture);
      const finish = await fixture.keepBusy();
      const giveUp = new AbortController();
      const suspended = hold.suspend(giveUp.signal, limitMs);
      setTimeout(() => giveUp.abort(new Error('given up')), 50);
      await assert.rejects(within(suspended, patienceMs));
      await hold.resume();
      await finish();
      await fixture.writes(patienceMs);
    });

    check('2: a signal that has aborted before suspends nobody', async (fixture) => {
      await using hold = await openHold(fixture);
      await assert.rejects(hold.suspend(AbortSignal.abort(new Error('too late')), limitMs));
      await hold.resume();
      await fixture.writes(patienceMs);
    });

    check('4: resume is idempotent', async (fixture) => {
      await using hold = await openHold(fixture);
      await hold.suspend(new AbortController().signal, limitMs);
      assert.deepEqual([await hold.resume(), await hold.resume()], ['held', 'held']);
      await fixture.writes(patienceMs);
    });

    check('6: disposing twice, and without a resume, rejects never', async (fixture) => {
      const hold = await openHold(fixture);
      await hold[Symbol.asyncDispose]();
      await hold[Symbol.asyncDispose]();
    });

    check('one after another, as often as you like', async (fixture) => {
      for (let round = 0; round < 3; round += 1) {
        await using hold = await openHold(fixture);
        await hold.suspend(new AbortController().signal, limitMs);
        assert.equal(await hold.resume(), 'held');
      }
      await fixture.writes(patienceMs);
    });

    if (supports.noticesLoss === true) {
      check('4, 5: a suspension that somebody else ended is lost', async (fixture) => {
        await using hold = await openHold(fixture);
        await hold.suspend(new AbortController().signal, limitMs);
        await fixture.endSuspension?.();
        await assert.rejects(hold.check(), (error) => isFailure(error, 'FREEZE_LOST'));
        assert.equal(await hold.resume(), 'lost');
        assert.equal(await hold.resume(), 'lost');
        await fixture.writes(patienceMs);
      });
    }

    if (supports.endsByItself === true) {
      check('3: a suspension that nobody resumes ends at its limit', async (fixture) => {
        await using hold = await openHold(fixture);
        await hold.suspend(new AbortController().signal, 300);
        await fixture.writes(300 + 1000);
        assert.equal(await hold.resume(), 'lost');
      });
    } else {
      check('3: somebody else can end it: the resume is due', async (fixture) => {
        await using hold = await openHold(fixture);
        assert.notEqual(hold.resumeDue, undefined);
      });
    }
  });
}

function openHold({ participant }: ParticipantFixture): Promise<Hold> {
  const signal = new AbortController().signal;
  return participant.open({
    snapshot: newSnapshotId(),
    budgetMs: limitMs,
    signal,
    progress: silent,
  });
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const done = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`not within ${timeoutMs} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}
