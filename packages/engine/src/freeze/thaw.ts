// The end of a freeze: everybody who was asked to suspend is resumed, all at once, each with a few tries. A resume that
// fails is said aloud at once and stays due.
import type { Clock, ProgressListener } from '@stillpoint/core';
import type { Entry } from './drain.ts';
import { byHand, type DueResume } from './due-resume.ts';
import { messageOf } from './failures.ts';
import { withRetries } from './retry.ts';

export interface ThawOutcome {
  /** Participants that had held still and went on before they were told to. */
  readonly lost: readonly string[];
  readonly failed: readonly FailedResume[];
}

export interface FailedResume {
  readonly participant: string;
  readonly attempts: number;
  readonly error: unknown;
  readonly byHand: string;
}

const pausesMs = [50, 100, 200, 400, 800];

export async function thaw(
  entries: readonly Entry[],
  options: { readonly clock: Clock; readonly progress: ProgressListener },
): Promise<ThawOutcome> {
  const lost: string[] = [];
  const failed: FailedResume[] = [];
  const asked = entries.filter(({ state }) => state !== 'open');
  await Promise.all(
    asked.map(async (entry) => {
      const { name: participant } = entry.participant;
      try {
        const answer = await resumeOne(entry, options.progress);
        if (answer === 'lost' && entry.state === 'suspended' && !entry.lossExpected)
          lost.push(participant);
      } catch (error) {
        if (entry.lossExpected) return;
        failed.push({
          participant,
          attempts: pausesMs.length + 1,
          error,
          byHand: adviceFor(entry),
        });
      } finally {
        entry.heldMs = options.clock.monotonicMs() - entry.askedAtMs - entry.drainMs;
      }
    }),
  );
  return { lost, failed };
}

function resumeOne(entry: Entry, progress: ProgressListener): Promise<'held' | 'lost'> {
  return withRetries(() => entry.hold.resume(), {
    pausesMs,
    onFailure(error, attempt) {
      const text = `"${entry.participant.name}" was not resumed at attempt ${attempt}: ${messageOf(error)}. Trying again.`;
      progress({ type: 'note:said', level: 'warn', text });
    },
  });
}

function adviceFor({ hold, participant }: Entry): string {
  const due = hold.resumeDue as DueResume | undefined;
  return due === undefined ? `resume ${participant.name}` : byHand(due);
}
