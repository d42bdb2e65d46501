// The vault benchmark from end to end: a Postgres data directory and a tree of ordinary files, backed up by us, by restic and by
// borg, through their commands, in one run.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Metric } from '../metric.ts';
import { openPlace, type Place, type PlaceOptions } from '../place.ts';
import { createDatabase } from './database.ts';
import { reportOf } from './report.ts';
import { runRounds, type Sample } from './rounds.ts';
import { fullSizes, quickSizes, type Sizes } from './sizes.ts';
import { missingTools, openTools, type Subject } from './tools.ts';
import { createTree } from './tree.ts';

export interface VaultBenchmarkOptions extends Omit<PlaceOptions, 'neededBytes'> {
  readonly quick: boolean;
}

export async function benchmarkVault(options: VaultBenchmarkOptions): Promise<readonly Metric[]> {
  const missing = await missingTools();
  if (missing.length > 0) {
    throw new Error(`what to compare with is missing: apt-get install ${missing.join(' ')}`);
  }
  const sizes = options.quick ? quickSizes : fullSizes;
  const { neededBytes } = sizes;
  return reportOf({
    db: await inPlace({ ...options, neededBytes }, (place) => measureDatabase(place, sizes)),
    tree: await inPlace({ ...options, neededBytes }, (place) => measureTree(place, sizes)),
  });
}

async function inPlace<T>(options: PlaceOptions, work: (place: Place) => Promise<T>): Promise<T> {
  await using place = await openPlace(options);
  return await work(place);
}

async function measureDatabase(place: Place, sizes: Sizes): Promise<readonly Sample[]> {
  const subject = await makeSubject(place, 'data');
  place.say(`database: ${sizes.rows} rows`);
  const directory = path.join(subject.project, subject.content);
  await using database = await createDatabase(place, directory, sizes.rows);
  return await runRounds(place, await openTools(place, subject), {
    label: 'database',
    subject,
    rounds: sizes.rounds,
    change: () => database.change(sizes.transactions),
    withRestore: true,
  });
}

async function measureTree(place: Place, sizes: Sizes): Promise<readonly Sample[]> {
  const subject = await makeSubject(place, 'files');
  place.say('tree: copying files of the system');
  await createTree(place, path.join(subject.project, subject.content), sizes);
  return await runRounds(place, await openTools(place, subject), {
    label: 'tree',
    subject,
    rounds: sizes.rounds,
    withRestore: false,
  });
}

async function makeSubject(place: Place, content: string): Promise<Subject> {
  const project = path.join(place.directory, 'project');
  // The server's user passes through.
  await mkdir(project, { mode: 0o711 });
  return { project, content };
}
