// The laws of freeze() itself, on participants in memory that keep the law or break it in one way.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isFailure, newSnapshotId, type ErrorCode, type ProgressEvent } from '@stillpoint/core';
import type { Held } from './body.ts';
import { createFaultyParticipant, type Faults } from './faulty-participant.ts';
import { freeze, type FreezeOptions } from './freeze.ts';
import { createMemoryParticipant, type MemoryParticipant } from './memory-participant.ts';
import { eventually } from './testing/eventually.ts';

let directory: string;
before(async () => (directory = await mkdtemp(path.join(os.tmpdir(), 'freeze-'))));
after(() => rm(directory, { recursive: true, force: true }));

function optionsFor(
  participants: FreezeOptions['participants'],
  more: Partial<FreezeOptions> = {},
): FreezeOptions & { readonly said: ProgressEvent[] } {
  const said: ProgressEvent[] = [];
  return {
    participants,
    budgetMs: 5000,
    resumesDirectory: path.join(directory, 'resumes'),
    snapshot: newSnapshotId(),
    signal: new AbortController().signal,
    progress: (event) => said.push(event),
    said,
    ...more,
  };
}

function faulty(
  faults: Faults,
  name = 'faulty',
): [MemoryParticipant, FreezeOptions['participants'][number]] {
  const inner = createMemoryParticipant(name);
  return [inner, createFaultyParticipant(inner, faults)];
}

function withCode(code: ErrorCode, words: RegExp = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isFailure(error, code), `expected ${code}, got ${String(error)}`);
    assert.match(error.message, words);
    return true;
  };
}

function untilAborted({ signal }: Held): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

describe('freeze', () => {
  it('holds everybody still while the body runs, and gives its value and the times', async () => {
    const [a, b] = [createMemoryParticipant('a'), createMemoryParticipant('b', 'lock')];
    const { value, times } = await freeze(optionsFor([a, b]), async (held) => {
      assert.deepEqual([a.application.paused, b.application.paused], [true, true]);
      await held.check();
      return 'mark';
    });
    assert.equal(value, 'mark');
    assert.deepEqual([a.application.paused, b.application.paused], [false, false]);
    assert.deepEqual(times.participants.map(({ name }) => name).toSorted(), ['a', 'b']);
    assert.ok(times.totalMs >= times.drainMs + times.markMs - 0.05, JSON.stringify(times));
    assert.deepEqual(await readdir(directory), [], 'nothing is due, nothing is journaled');
  });

  it('works with nobody to hold still', async () => {
    const { value, times } = await freeze(optionsFor([]), async () => 1);
    assert.equal(value, 1);
    assert.deepEqual(times.participants, []);
  });

  it('asks applications before locks, and locks in order of their names', async () => {
    const order: string[] = [];
    const watched = (
      name: string,
      kind: 'lock' | 'http',
    ): FreezeOptions['participants'][number] => {
      const inner = createMemoryParticipant(name, kind);
      return {
        ...inner,
        async open(options) {
          const hold = await inner.open(options);
          const suspend: typeof hold.suspend = async (signal, limitMs) => {
            order.push(name);
            await hold.suspend(signal, limitMs);
          };
          return { ...hold, suspend, [Symbol.asyncDispose]: () => hold[Symbol.asyncDispose]() };
        },
      };
    };
    const participants = [watched('z', 'lock'), watched('y', 'http'), watched('a', 'lock')];
    await freeze(optionsFor(participants), async () => {});
    assert.deepEqual(order, ['y', 'a', 'z']);
  });

  it('gives up at the budget and names who did not hold still', async () => {
    const [quiet, busy] = [createMemoryParticipant('quiet'), createMemoryParticipant('busy')];
    const end = busy.application.write();
    const attempt = freeze(optionsFor([quiet, busy], { budgetMs: 100 }), () => assert.fail());
    await assert.rejects(attempt, withCode('FREEZE_BUDGET_EXCEEDED', /"busy" did not hold still/));
    await assert.rejects(attempt, (error: Error) => !error.message.includes('quiet'));
    assert.deepEqual([quiet.application.paused, busy.application.paused], [false, false]);
    end();
  });

  it('gives up although a participant minds neither budget nor signal', async () => {
    const [inner, participant] = faulty({ suspendHangs: true });
    const other = createMemoryParticipant('other');
    const attempt = freeze(optionsFor([participant, other], { budgetMs: 50 }), () => assert.fail());
    await assert.rejects(attempt, withCode('FREEZE_BUDGET_EXCEEDED', /"faulty"/));
    assert.deepEqual([inner.application.paused, other.application.paused], [false, false]);
  });

  it('gives up when the marks take too long', async () => {
    const participant = createMemoryParticipant('a');
    const attempt = freeze(optionsFor([participant], { budgetMs: 60 }), untilAborted);
    await assert.rejects(attempt, withCode('FREEZE_BUDGET_EXCEEDED', /the marks took too long/));
    assert.equal(participant.application.paused, false);
  });

  it('thaws at the budget although the marks do not mind their signal, and waits for their end', async () => {
    const participant = createMemoryParticipant('a');
    let ended = false;
    const attempt = freeze(optionsFor([participant], { budgetMs: 60 }), async () => {
      await eventually(() => !participant.application.paused, 10_000, 'the thaw');
      ended = true;
    });
    await assert.rejects(attempt, withCode('FREEZE_BUDGET_EXCEEDED', /the marks took too long/));
    assert.equal(ended, true);
  });

  it('takes marks that ended late for too late, although no timer could fire', async () => {
    const participant = createMemoryParticipant('a');
    const attempt = freeze(optionsFor([participant], { budgetMs: 40 }), async () => {
      const end = performance.now() + 80;
      while (performance.now() < end);
    });
    await assert.rejects(attempt, withCode('FREEZE_BUDGET_EXCEEDED', /the marks/));
  });

  it('lets the body hold longer than the budget when told to', async () => {
    const participant = createMemoryParticipant('a');
    const { value } = await freeze(
      optionsFor([participant], { budgetMs: 100, holdMs: 5000 }),
      async (held) => {
        await new Promise((resolve) => setTimeout(resolve, 250));
        await held.check();
        return 'restored';
      },
    );
    assert.equal(value, 'restored');
    const short = freeze(optionsFor([participant], { budgetMs: 5000, holdMs: 50 }), untilAborted);
    await assert.rejects(short, withCode('FREEZE_BUDGET_EXCEEDED', /the marks/));
    assert.equal(participant.application.paused, false);
  });

  it('gives the body its own error, after everybody was resumed', async () => {
    const participant = createMemoryParticipant('a');
    const broken = new Error('no mark');
    await assert.rejects(
      freeze(optionsFor([participant]), () => Promise.reject(broken)),
      (error) => error === broken && !participant.application.paused,
    );
    const thrown = freeze(optionsFor([participant]), () => {
      throw broken;
    });
    await assert.rejects(thrown, (error) => error === broken);
    // eslint-disable-next-line prefer-promise-reject-errors
    await assert.rejects(freeze(optionsFor([participant]), () => Promise.reject<void>()));
    assert.equal(participant.application.paused, false);
  });

  it('ends with the reason of its signal, whenever that comes', async () => {
    const reason = new Error('interrupted');
    const participant = createMemoryParticipant('a');
    const before = freeze(optionsFor([participant], { signal: AbortSignal.abort(reason) }), () =>
      assert.fail(),
    );
    await assert.rejects(before, (error) => error === reason);

    const end = participant.application.write();
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(reason), 30);
    const drain = freeze(optionsFor([participant], { signal: waiting.signal }), () =>
      assert.fail(),
    );
    await assert.rejects(drain, (error) => error === reason);
    end();

    const holding = new AbortController();
    const marks = freeze(optionsFor([participant], { signal: holding.signal }), (held) => {
      setTimeout(() => holding.abort(reason), 10);
      return untilAborted(held);
    });
    await assert.rejects(marks, (error) => error === reason);
    assert.equal(participant.application.paused, false);
  });

  it('says which participant refused, and resumes it and the others', async () => {
    const [inner, participant] = faulty({ suspendRejects: true });
    const busy = createMemoryParticipant('busy');
    const end = busy.application.write();
    const attempt = freeze(optionsFor([busy, participant]), () => assert.fail());
    await assert.rejects(
      attempt,
      withCode('PARTICIPANT_FAILED', /"faulty" could not suspend: will not/),
    );
    assert.deepEqual([inner.application.paused, busy.application.paused], [false, false]);
    end();
  });

  it('pauses nobody when a participant cannot be opened', async () => {
    const [, participant] = faulty({ openRejects: true });
    const other = createMemoryParticipant('other');
    await assert.rejects(
      freeze(optionsFor([other, participant]), () => assert.fail()),
      withCode('PARTICIPANT_FAILED', /"faulty" could not be reached: cannot be opened/),
    );
    assert.equal(other.application.paused, false);
  });

  it('throws marks away when a participant went on meanwhile', async () => {
    const participant = createMemoryParticipant('a');
    const attempt = freeze(optionsFor([participant]), async () =>
      participant.application.restart(),
    );
    await assert.rejects(attempt, withCode('FREEZE_LOST', /"a" went on/));
    const [, lost] = faulty({ resumeLost: true });
    await assert.rejects(
      freeze(optionsFor([lost]), async () => {}),
      withCode('FREEZE_LOST', /"faulty"/),
    );
  });

  it('tells the body by check() that the freeze is over', async () => {
    const participant = createMemoryParticipant('a');
    const attempt = freeze(optionsFor([participant]), async (held) => {
      await held.check();
      participant.application.restart();
      await held.check();
      assert.fail('check() did not notice');
    });
    await assert.rejects(attempt, withCode('FREEZE_LOST'));
  });

  it('does not mind the loss of a participant whose server is stopped on purpose', async () => {
    const participant = createMemoryParticipant('a');
    const { value } = await freeze(optionsFor([participant]), async (held) => {
      held.expectLost('a');
      participant.application.restart();
      await held.check();
      assert.throws(() => held.expectLost('b'), TypeError);
      return 'restored';
    });
    assert.equal(value, 'restored');
  });

  it('tries a failing resume again, says so, and ends well', async () => {
    const [inner, participant] = faulty({ resumesRejected: 2 });
    const options = optionsFor([participant]);
    await freeze(options, async () => {});
    assert.equal(inner.application.paused, false);
    const notes = options.said.filter((event) => event.type === 'note:said');
    assert.deepEqual(
      notes.map(({ level }) => level),
      ['warn', 'warn'],
    );
    assert.match(notes[0]?.text ?? '', /"faulty" was not resumed at attempt 1: will not go on/);
  });

  it('reports a resume that never succeeds, and resumes the others', async () => {
    const [, participant] = faulty({ resumesRejected: 1000 });
    const other = createMemoryParticipant('other');
    const attempt = freeze(optionsFor([participant, other]), async () => {});
    await assert.rejects(
      attempt,
      withCode('RESUME_FAILED', /"faulty" could not be resumed in 6 attempts/),
    );
    assert.equal(other.application.paused, false);
  });
});
