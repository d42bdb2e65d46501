// Runs the body of a freeze under its deadline, whether or not the body minds its signal.
import type { Deadline } from './deadline.ts';
import type { Entry } from './drain.ts';
import { freezeLost } from './failures.ts';
import type { Lifeline } from './lifeline.ts';

export interface Held {
  /** Aborts when the time is up or the caller's signal does. */
  readonly signal: AbortSignal;
  /** How long it took until everybody held still, in milliseconds. */
  readonly drainMs: number;
  /** Rejects with FREEZE_LOST if the freeze is known to be over. */
  check(): Promise<void>;
  /**
   * The server behind this participant is about to be stopped on purpose (a restore closes it): from now on check() leaves
   * it out and its loss does not count. Call check() just before.
   */
  expectLost(participant: string): void;
}

export interface Parties {
  readonly drainMs: number;
  readonly entries: readonly Entry[];
  readonly lifeline: Lifeline | undefined;
}

export interface RunningBody<T> {
  /** Rejects at the deadline at the latest. */
  readonly result: Promise<T>;
  /** Resolves when the body itself has ended. Everybody runs again by then, so it may take what it needs. */
  readonly ended: Promise<void>;
}

export function startBody<T>(
  body: (held: Held) => Promise<T>,
  deadline: Deadline,
  parties: Parties,
): RunningBody<T> {
  const running = (async () => body(heldBy(parties, deadline)))();
  const ended = running.then(
    () => {},
    () => {},
  );
  return { result: Promise.race([running, deadline.passed]), ended };
}

function heldBy({ drainMs, entries, lifeline }: Parties, deadline: Deadline): Held {
  return {
    signal: deadline.signal,
    drainMs,
    async check() {
      if (deadline.isOver()) throw freezeLost('its time was up');
      const armed = lifeline?.stillArmed();
      const checked = entries.filter(({ lossExpected }) => !lossExpected);
      await Promise.all(checked.map(({ hold }) => hold.check()));
      if ((await armed) === false) throw freezeLost(firedText);
    },
    expectLost(name) {
      const entry = entries.find(({ participant }) => participant.name === name);
      if (entry === undefined) throw new TypeError(`no participant is called ${name}`);
      entry.lossExpected = true;
    },
  };
}

export const firedText = 'the watchdog had to resume the participants';
