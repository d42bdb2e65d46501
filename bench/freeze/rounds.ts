// The freeze itself: snapshots of two projects in turn, each with its application committing without a pause; before each,
// as long without a snapshot, so that the gaps an application has anyway can be told from those that a snapshot makes.
import { setTimeout as wait } from 'node:timers/promises';
import type { SnapshotSummary } from '@stillpoint/engine';
import type { Place } from '../place.ts';
import { editMembers } from './members.ts';
import type { BenchProject } from './project.ts';
import type { Sizes } from './sizes.ts';

export interface Sample {
  readonly label: string;
  /** A transaction of an application had the lock when the freeze began. */
  readonly held: boolean;
  readonly byCommand: boolean;
  readonly freezeMs: number;
  readonly drainMs: number;
  /** The database's own mark. */
  readonly databaseMarkMs: number;
  /** The slowest member's. */
  readonly memberMarkMs: number;
  readonly durationMs: number;
  readonly stallMs: number;
  /** The longest gap in a time without a snapshot. */
  readonly idleStallMs: number;
}

const IDLE_MS = 300;

export async function runRounds(
  place: Place,
  projects: readonly BenchProject[],
  sizes: Sizes,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const total = sizes.snapshots + sizes.byCommand;
  for (let round = 0; round < total; round += 1) {
    const byCommand = round >= sizes.snapshots;
    const held = !byCommand && round % sizes.holdEvery === sizes.holdEvery - 1;
    // Whoever comes second must not always be the same.
    for (const project of round % 2 === 0 ? projects : projects.toReversed()) {
      place.signal.throwIfAborted();
      await editMembers(project.directory, sizes.filesPerMember, round + 2);
      samples.push(await takeSample(project, { held, byCommand, sizes, signal: place.signal }));
    }
    if ((round + 1) % 10 === 0 || round + 1 === total) {
      place.say(`${round + 1} of ${total} snapshots of each size`);
    }
  }
  return samples;
}

interface SampleOptions {
  readonly held: boolean;
  readonly byCommand: boolean;
  readonly sizes: Sizes;
  readonly signal: AbortSignal;
}

async function takeSample(project: BenchProject, options: SampleOptions): Promise<Sample> {
  const { held, byCommand, signal, sizes } = options;
  const { writer, stillpoint } = project;
  await writer.go();
  const idle = await writer.during(() => wait(IDLE_MS, undefined, { signal }));
  let holding: Promise<void> | undefined;
  const { value: snapshot, felt } = await writer.during(() =>
    byCommand
      ? project.snapshotByCommand()
      : stillpoint.snapshot({
          signal,
          onProgress(event) {
            if (event.type !== 'phase:started' || event.phase !== 'freeze' || !held) return;
            holding = writer.hold(sizes.holdMs);
            holding.catch(() => {});
          },
        }),
  );
  await holding;
  await writer.pause();
  return {
    label: project.label,
    held,
    byCommand,
    ...freezeOf(snapshot),
    durationMs: snapshot.durationMs,
    stallMs: felt.longestMs,
    idleStallMs: idle.felt.longestMs,
  };
}

function freezeOf({ freeze, sources }: SnapshotSummary) {
  const marks = (driver: string): readonly number[] =>
    sources.filter((source) => source.driver === driver).map(({ markMs }) => markMs);
  return {
    freezeMs: freeze.totalMs,
    drainMs: freeze.drainMs,
    databaseMarkMs: Math.max(...marks('postgres')),
    memberMarkMs: Math.max(...marks('git')),
  };
}
