// The participant for a run of a simulation: it holds between two ticks. The pause has a time to live on the run's own clock, so that a
// freezer that died blocks no run. A run that does not go on holds still by itself.
import { systemClock, failure } from '@stillpoint/core';
import type { Hold, HoldOptions, Participant } from '../../freeze/contract.ts';
import { createRunContext, type RunDriverOptions } from './context.ts';
import { connectToRun, RunGone } from './run-control.ts';
import { controlSocketOf } from './run-directory.ts';

export interface RunParticipantOptions extends Pick<RunDriverOptions, 'directory' | 'run'> {
  readonly name: string;
  readonly guards: readonly string[] | '*';
}

export function createRunParticipant(options: RunParticipantOptions): Participant {
  const { name, guards } = options;
  return { name, kind: 'run', guards, open: (hold) => open(options, hold) };
}

async function open(options: RunParticipantOptions, { signal }: HoldOptions): Promise<Hold> {
  const { name } = options;
  const context = createRunContext(options);
  const chosen = await context.chosen();
  const address = chosen === undefined ? undefined : await controlSocketOf(context.at(chosen));
  const control = address === undefined ? undefined : await connectToRun(address, signal);
  let pause: number | undefined;
  let endsAtMs = Infinity;
  let resumed: 'held' | 'lost' | undefined;
  const lost = (): boolean =>
    control !== undefined && (!control.isOpen || systemClock.monotonicMs() >= endsAtMs);
  return {
    async suspend(until, limitMs) {
      until.throwIfAborted();
      if (control === undefined) return;
      const ttlMs = Math.max(1, Math.floor(limitMs));
      const askedAtMs = systemClock.monotonicMs();
      try {
        const answer = (await control.call('pause', { ttlMs }, until)) as { pause: number };
        ({ pause } = answer);
      } catch (error) {
        throw failed(name, 'suspend', error);
      }
      endsAtMs = askedAtMs + ttlMs;
    },
    async check() {
      if (lost()) throw failure('FREEZE_LOST', { who: `the run of "${name}" went on or ended` });
    },
    async resume() {
      if (resumed !== undefined) return resumed;
      if (control === undefined) return (resumed = 'held');
      try {
        // A suspend that was given up may have paused all the same: its number is not known, its time is short.
        const bounded = AbortSignal.timeout(resumeTimeoutMs);
        if (pause === undefined) return (resumed = 'lost');
        const { held } = (await control.call('resume', { pause }, bounded)) as { held: boolean };
        resumed = held ? 'held' : 'lost';
      } catch (error) {
        // It ended, and with it the pause.
        if (!(error instanceof RunGone)) throw failed(name, 'resume', error);
        resumed = 'lost';
      }
      return resumed;
    },
    async [Symbol.asyncDispose]() {
      control?.[Symbol.dispose]();
    },
  };
}

const resumeTimeoutMs = 10_000;

function failed(participant: string, action: string, error: unknown): unknown {
  if (error instanceof Error && error.name === 'AbortError') return error;
  const why = error instanceof Error ? error.message : String(error);
  return failure('PARTICIPANT_FAILED', { participant, action, why }, error);
}
