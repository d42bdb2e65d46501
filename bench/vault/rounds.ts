// The rounds: in each, everybody begins anew and does the same with the same files, in turn, in another order each time. The disk is at
// rest before each command, and the files are in memory for all of them alike.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { run, settleDisk, timed, type Place } from '../place.ts';
import type { Measured } from './measure-command.ts';
import type { Subject, Tool, ToolName } from './tools.ts';

export type Step = 'full' | 'next' | 'restore';

export interface Sample extends Measured {
  readonly tool: ToolName;
  readonly step: Step;
  /** What is kept after it more than before. */
  readonly addedBytes: number;
}

export interface RoundsOptions {
  readonly label: string;
  readonly subject: Subject;
  readonly rounds: number;
  /** Between the first backup and the next; nothing: it stays as it is. */
  readonly change?: () => Promise<void>;
  readonly withRestore: boolean;
}

export async function runRounds(
  place: Place,
  tools: readonly Tool[],
  { label, subject, rounds, change, withRestore }: RoundsOptions,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const measure = async (tool: Tool, step: Step, work: () => Promise<Measured>): Promise<void> => {
    await settleDisk();
    const before = await tool.storedBytes();
    const measured = await work();
    const addedBytes = (await tool.storedBytes()) - before;
    samples.push({ tool: tool.name, step, ...measured, addedBytes });
    const { seconds, peakMb } = measured;
    place.say(
      `${label}, ${step}: ${tool.name} ${seconds.toFixed(2)} s, ${(addedBytes / 1e6).toFixed(1)} MB, peak ${peakMb.toFixed(0)} MB`,
    );
  };
  const content = path.join(subject.project, subject.content);
  for (let round = 0; round < rounds; round++) {
    const inTurn = tools.map((_, n) => tools[(n + round) % tools.length] as Tool);
    for (const tool of inTurn) await tool.reset();
    await readAll(content);
    for (const tool of inTurn) await measure(tool, 'full', () => tool.backup());
    await change?.();
    await readAll(content);
    for (const tool of inTurn) await measure(tool, 'next', () => tool.backup());
    if (!withRestore) continue;
    for (const tool of inTurn) {
      const target = path.join(place.directory, 'restored');
      await measure(tool, 'restore', () => restoreDurably(tool, target));
      // Nobody is fast who brings back something else.
      if (round === 0) await run('diff', ['--recursive', content, tool.restored(target)]);
      await rm(target, { recursive: true });
    }
  }
  return samples;
}

/** Ours ends with what it wrote on the disk; what others leave to be written is theirs to wait for, too. */
async function restoreDurably(tool: Tool, target: string): Promise<Measured> {
  const measured = await tool.restore(target);
  const { ms } = await timed(settleDisk);
  return { ...measured, seconds: measured.seconds + ms / 1000 };
}

async function readAll(directory: string): Promise<void> {
  await run('grep', [
    '--recursive',
    '--quiet',
    '--text',
    'a line that is nowhere',
    directory,
  ]).catch(() => {});
}
