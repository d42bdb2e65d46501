// A process that freezes, to be killed and stopped by the death tests. Says `holding` when the body runs, goes on when it
// reads a line, and in the end says `ended <error code or ok>`. Its arguments: one JSON object.
import { once } from 'node:events';
import { systemClock, isFailure, newSnapshotId, silent } from '@stillpoint/core';
import { createCommandParticipant } from '../command-participant.ts';
import type { Participant } from '../contract.ts';
import { freeze } from '../freeze.ts';
import { createHttpParticipant } from '../http-participant.ts';

export interface FreezerArguments {
  readonly budgetMs: number;
  readonly resumesDirectory: string;
  readonly participants: readonly (
    | {
        readonly kind: 'command';
        readonly directory: string;
        readonly suspend: string;
        readonly resume: string;
      }
    | { readonly kind: 'http'; readonly suspend: string; readonly resume: string }
  )[];
}

export async function runFreezer(
  participants: readonly Participant[],
  options: Pick<FreezerArguments, 'budgetMs' | 'resumesDirectory'>,
): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    await freeze(
      {
        ...options,
        participants,
        snapshot: newSnapshotId(),
        signal: new AbortController().signal,
        progress: silent,
        clock: systemClock,
      },
      async () => {
        say('holding');
        await once(process.stdin, 'data');
      },
    );
    say('ended ok');
  } catch (error) {
    say(`ended ${isFailure(error) ? error.code : String(error)}`);
  }
  process.stdin.destroy();
}

if (import.meta.main) {
  const given = JSON.parse(process.argv[2] ?? '') as FreezerArguments;
  const participants = given.participants.map((one, index) => {
    const named = { ...one, name: `${one.kind}${index}`, guards: '*' as const };
    return named.kind === 'http'
      ? createHttpParticipant(named)
      : createCommandParticipant({ ...named, logDirectory: `${named.directory}/log` });
  });
  await runFreezer(participants, given);
}
