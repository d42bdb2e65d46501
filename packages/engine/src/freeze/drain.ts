// Opening all participants, and making them hold still. When one refuses, or the time is up, the others are told to stop
// trying; whoever was asked is resumed by the thaw, whatever it answered.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@stillpoint/core';
import type { Hold, HoldOptions, Participant } from './contract.ts';
import type { Deadline } from './deadline.ts';
import { participantFailed } from './failures.ts';

export interface Entry {
  readonly participant: Participant;
  readonly hold: Hold;
  state: 'open' | 'asked' | 'suspended';
  /** When it was asked, by the freeze's clock. */
  askedAtMs: number;
  drainMs: number;
  heldMs: number;
  /** Its server is stopped on purpose: 'lost' is no surprise. */
  lossExpected: boolean;
}

export interface DrainOptions {
  readonly clock: Clock;
  readonly deadline: Deadline;
  /** The caller's own signal, to tell giving up from being told to. */
  readonly outer: AbortSignal;
  /** When every suspension must be over, whatever becomes of us. */
  readonly endsAtMs: number;
  readonly tooLate: (who: string) => Error;
}

/** By law a suspend() ends promptly on its signal; one that does not is left behind after so long. */
const promptMs = 500;

/** Fills `entries`, also when it rejects: what stands there was opened and must be disposed of. */
export async function openAll(
  entries: Entry[],
  participants: readonly Participant[],
  options: HoldOptions,
): Promise<void> {
  const settled = await Promise.allSettled(
    participants.map(async (participant) => {
      const hold = await participant.open(options);
      const times = { askedAtMs: 0, drainMs: 0, heldMs: 0 };
      entries.push({ participant, hold, state: 'open', ...times, lossExpected: false });
    }),
  );
  const failed = settled.findIndex(({ status }) => status === 'rejected');
  const outcome = settled[failed];
  if (outcome?.status !== 'rejected') return;
  options.signal.throwIfAborted();
  throw participantFailed(participants[failed]?.name ?? '?', 'be reached', outcome.reason);
}

export async function drain(entries: readonly Entry[], options: DrainOptions): Promise<void> {
  const { deadline, outer } = options;
  const refused = new AbortController();
  const signal = AbortSignal.any([deadline.signal, refused.signal]);
  try {
    await promptly(suspendAll(entries, { ...options, signal, refused }), signal);
  } catch (error) {
    if (refused.signal.aborted) throw refused.signal.reason;
    outer.throwIfAborted();
    throw deadline.isOver() ? options.tooLate(whoIsLate(entries)) : error;
  }
  if (deadline.isOver()) throw options.tooLate(whoIsLate(entries));
}

interface Run extends DrainOptions {
  readonly signal: AbortSignal;
  readonly refused: AbortController;
}

async function suspendAll(entries: readonly Entry[], run: Run): Promise<void> {
  const isLock = ({ participant }: Entry): boolean => participant.kind === 'lock';
  const locks = entries
    .filter(isLock)
    .toSorted((a, b) => (a.participant.name < b.participant.name ? -1 : 1));
  const others = entries.filter((entry) => !isLock(entry));
  const settled = await Promise.allSettled(others.map((entry) => suspendOne(entry, run)));
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
  for (const entry of locks) {
    run.signal.throwIfAborted();
    await suspendOne(entry, run);
  }
}

async function suspendOne(entry: Entry, { clock, signal, refused, endsAtMs }: Run): Promise<void> {
  entry.askedAtMs = clock.monotonicMs();
  entry.state = 'asked';
  try {
    await entry.hold.suspend(signal, endsAtMs - entry.askedAtMs);
  } catch (error) {
    // Only the first refusal is a cause; what follows it, or follows the signal, is a consequence.
    if (!signal.aborted) refused.abort(participantFailed(entry.participant.name, 'suspend', error));
    throw error;
  }
  entry.drainMs = clock.monotonicMs() - entry.askedAtMs;
  entry.state = 'suspended';
}

async function promptly(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const tooLong = (async (): Promise<never> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true, signal: done.signal });
    await promise;
    await delay(promptMs, undefined, { signal: done.signal });
    throw signal.reason;
  })();
  tooLong.catch(() => {});
  try {
    await Promise.race([work, tooLong]);
  } finally {
    work.catch(() => {});
    done.abort();
  }
}

function whoIsLate(entries: readonly Entry[]): string {
  const late = entries
    .filter(({ state }) => state === 'asked')
    .map(({ participant }) => participant.name);
  return late.length === 0 ? 'holding still took too long' : `${quoted(late)} did not hold still`;
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
