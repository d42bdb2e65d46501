// The participant for a run of a simulation: it holds between two ticks. The pause has a time to live on the run's own clock, so that a
// freezer that died blocks no run. A run that does not go on holds still by itself.
import { failure } from '@stillpoint/core';
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
  let pauseAsked = false;
  let pause: number | undefined;
  let resumed: 'held' | 'lost' | undefined;
  const isHeld = async (method: 'held' | 'resume'): Promise<boolean> => {
    if (control === undefined) return pauseAsked;
    // Asked and not answered: the run ends a pause whose client is gone, and there is no number to end it by.
    if (pause === undefined) control[Symbol.dispose]();
    if (pause === undefined || !control.isOpen) return false;
    try {
      const bounded = AbortSignal.timeout(answerTimeoutMs);
      const { held } = (await control.call(method, { pause }, bounded)) as { held: boolean };
      return held;
    } catch (error) {
      // It ended, and with it the pause.
      if (error instanceof RunGone) return false;
      throw failed(name, method === 'held' ? 'be asked' : 'resume', error);
    }
  };
  return {
    async suspend(until, limitMs) {
      until.throwIfAborted();
      pauseAsked = true;
      if (control === undefined) return;
      const ttlMs = Math.max(1, Math.floor(limitMs));
      try {
        ({ pause } = (await control.call('pause', { ttlMs }, until)) as { pause: number });
      } catch (error) {
        until.throwIfAborted();
        throw failed(name, 'suspend', error);
      }
    },
    async check() {
      if (await isHeld('held')) return;
      throw failure('FREEZE_LOST', { who: `the run of "${name}" went on or ended` });
    },
    async resume() {
      resumed ??= (await isHeld('resume')) ? 'held' : 'lost';
      return resumed;
    },
    async [Symbol.asyncDispose]() {
      control?.[Symbol.dispose]();
    },
  };
}

/** It is answered at once, whatever a tick takes. */
const answerTimeoutMs = 10_000;

function failed(participant: string, action: string, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return failure('PARTICIPANT_FAILED', { participant, action, why }, error);
}
