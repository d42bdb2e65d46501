// The still point: everybody holds still, the body takes the marks, everybody goes on. Always everybody.
//
// ORDER. Commands and applications are asked first, all at once: to drain they may still need the database. Locks come
// last, one after another, sorted by name, so that two freezes can never wait for each other crosswise. At the thaw all are
// resumed at once. What is slow (connections, watchdog, journal) comes before the first suspend.
//
// VALIDITY. The value is returned only if the body ended within its time and every participant held still until then.
// In every other case everybody is resumed first, and then the call rejects. Until then nothing waits without a limit; the
// call itself ends only when its body has, so a body should mind its signal.
import {
  failure,
  ownIdentity,
  systemClock,
  type Clock,
  type ProgressListener,
  type SnapshotId,
} from '@stillpoint/core';
import { firedText, startBody, type Held, type RunningBody } from './body.ts';
import type { FreezeTimes, Participant } from './contract.ts';
import { createDeadline } from './deadline.ts';
import { drain, openAll, quoted, type Entry } from './drain.ts';
import type { DueResume } from './due-resume.ts';
import { freezeLost, messageOf } from './failures.ts';
import { openLifeline, type Lifeline } from './lifeline.ts';
import { thaw, type ThawOutcome } from './thaw.ts';

export interface FreezeOptions {
  readonly participants: readonly Participant[];
  /** From the first suspend to the last resume; with `holdMs` only until everybody holds still. */
  readonly budgetMs: number;
  /** How long the body may take once everybody holds still. Without it: what is left of the budget. */
  readonly holdMs?: number;
  /** Where due resumes are journaled; made if absent. */
  readonly resumesDirectory: string;
  /** Told to the applications. */
  readonly snapshot: SnapshotId;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
  readonly clock?: Clock;
}

export interface Frozen<T> {
  readonly value: T;
  readonly times: FreezeTimes;
}

/**
 * The limits that act from outside (server, watchdog, application) lie this much behind our own, so that a freeze over its
 * budget is ended, and named, by ourselves while we live.
 */
const outsideGraceMs = 250;

export async function freeze<T>(
  options: FreezeOptions,
  body: (held: Held) => Promise<T>,
): Promise<Frozen<T>> {
  options.signal.throwIfAborted();
  const { signal, progress, snapshot, participants } = options;
  const names = new Set(participants.map(({ name }) => name));
  if (names.size < participants.length) throw new TypeError('two participants have one name');
  const limitMs = options.budgetMs + (options.holdMs ?? 0);
  const entries: Entry[] = [];
  try {
    await openAll(entries, participants, { snapshot, budgetMs: limitMs, signal, progress });
    const clock = options.clock ?? systemClock;
    await using lifeline = await openLifelineFor(entries, options, clock);
    signal.throwIfAborted();
    return await holdStill({ ...options, clock, limitMs, entries, lifeline }, body);
  } finally {
    await Promise.all(entries.map(({ hold }) => hold[Symbol.asyncDispose]()));
  }
}

interface Context extends FreezeOptions {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly entries: readonly Entry[];
  readonly lifeline: Lifeline | undefined;
}

async function openLifelineFor(
  entries: readonly Entry[],
  options: FreezeOptions,
  clock: Clock,
): Promise<Lifeline | undefined> {
  const due = entries.flatMap(({ hold }) => (hold.resumeDue === undefined ? [] : [hold.resumeDue]));
  if (due.length === 0) return undefined;
  return openLifeline({
    resumesDirectory: options.resumesDirectory,
    snapshot: options.snapshot,
    freezer: ownIdentity(),
    startedAt: clock.now(),
    due: due as unknown as DueResume[],
    signal: options.signal,
    progress: options.progress,
  });
}

async function holdStill<T>(
  context: Context,
  body: (held: Held) => Promise<T>,
): Promise<Frozen<T>> {
  const { clock, entries, lifeline, limitMs, progress } = context;
  const startedMs = clock.monotonicMs();
  lifeline?.arm(limitMs + outsideGraceMs);
  const attempt = await suspendAndRun(context, startedMs, body);
  const markedMs = clock.monotonicMs();
  // Asked before the first resume and not waited for: its answer speaks of this moment.
  const stillArmed = lifeline?.stillArmed() ?? Promise.resolve(true);
  const outcome = await thaw(entries, { clock, progress });
  const endedMs = clock.monotonicMs();
  await lifeline?.settle(outcome.failed.map(({ participant }) => participant));
  // Nobody is frozen any more; but what the body does must not go on behind the back of whoever called us.
  await attempt.running?.ended;

  const error = verdict(attempt, outcome, await stillArmed);
  if (error !== undefined) throw error;
  const quietMs = attempt.quietMs ?? markedMs;
  return {
    value: attempt.value as T,
    times: {
      totalMs: round(endedMs - startedMs),
      drainMs: round(quietMs - startedMs),
      markMs: round(markedMs - quietMs),
      participants: entries.map(({ participant: { name }, drainMs, heldMs }) => {
        return { name, drainMs: round(drainMs), heldMs: round(heldMs) };
      }),
    },
  };
}

interface Attempt<T> {
  readonly value?: T;
  /** When everybody held still; undefined if that never happened. */
  readonly quietMs?: number;
  readonly running?: RunningBody<T>;
  readonly error?: unknown;
}

/** Never rejects: whatever happens here, the thaw comes next. */
async function suspendAndRun<T>(
  context: Context,
  startedMs: number,
  body: (held: Held) => Promise<T>,
): Promise<Attempt<T>> {
  const { clock, entries, limitMs, signal: outer, budgetMs, holdMs } = context;
  const tooLate = (who: string): Error => {
    const waitedMs = Math.round(clock.monotonicMs() - startedMs);
    return failure('FREEZE_BUDGET_EXCEEDED', { who, budgetMs, waitedMs });
  };
  const budgetEndsMs = startedMs + budgetMs;
  try {
    using deadline = createDeadline(budgetEndsMs, clock, outer);
    const endsAtMs = startedMs + limitMs + outsideGraceMs;
    await drain(entries, { clock, deadline, outer, endsAtMs, tooLate });
  } catch (error) {
    return { error };
  }
  const quietMs = clock.monotonicMs();
  const endsMs = holdMs === undefined ? budgetEndsMs : quietMs + holdMs;
  using deadline = createDeadline(endsMs, clock, outer);
  const running = startBody(body, deadline, { ...context, drainMs: quietMs - startedMs });
  const marksTooLate = (): Error => tooLate('the marks took too long');
  try {
    const value = await running.result;
    return deadline.isOver()
      ? { quietMs, running, error: marksTooLate() }
      : { quietMs, running, value };
  } catch (error) {
    const late = deadline.isOver() && !outer.aborted;
    const cause = error ?? new Error('the marks failed without a reason');
    return { quietMs, running, error: late ? marksTooLate() : cause };
  }
}

/** What is wrong with the freeze, the worst first; undefined if nothing is. */
function verdict(attempt: Attempt<unknown>, outcome: ThawOutcome, stillArmed: boolean): unknown {
  const [failed] = outcome.failed;
  if (failed !== undefined) {
    const { participant, attempts, byHand } = failed;
    const data = { participant, attempts, byHand, why: messageOf(failed.error) };
    return failure('RESUME_FAILED', data, attempt.error ?? failed.error);
  }
  // Without marks there is nothing to lose: then the attempt's own error says more.
  if (attempt.quietMs === undefined) return attempt.error;
  if (!stillArmed) return freezeLost(firedText, attempt.error);
  if (outcome.lost.length > 0) {
    return freezeLost(`${quoted(outcome.lost)} went on before it was told to`, attempt.error);
  }
  return attempt.error;
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
