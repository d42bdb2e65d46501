// The benchmark of many snapshots from end to end: is the thousandth as quick and as small as the tenth, and how long does it take
// to list thousands? Those in between are taken through the library; those that are measured by the command, from cold processes.
import { newSnapshotId } from '@stillpoint/core';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { manifestBytes } from '../../packages/engine/src/snapshot/manifest.ts';
import { readSealed } from '../../packages/engine/src/snapshot/index.ts';
import { createDirectoryStore, openVault } from '../../packages/engine/src/vault/index.ts';
import { installCommand } from '../command.ts';
import { atMost, metricOf, type Metric } from '../metric.ts';
import { openPlace, settleDisk, type Place, type PlaceOptions } from '../place.ts';
import { median } from '../statistics.ts';
import { measureCommand, type Measured } from '../vault/measure-command.ts';
import { measureIndex } from './index-size.ts';
import { createManyProject, type ManyProject } from './project.ts';

export interface ManyBenchmarkOptions extends Omit<PlaceOptions, 'neededBytes'> {
  readonly quick: boolean;
}

const MEASURED = 11;
const EARLY = 10;
const LISTED = 5000;
const neededBytes = 3e9;

export async function benchmarkMany(options: ManyBenchmarkOptions): Promise<readonly Metric[]> {
  const late = options.quick ? 100 : 1000;
  await using place = await openPlace({ ...options, neededBytes });
  using project = await createManyProject(place);
  const command = await installCommand(place);
  const measure = measurer(place, project);
  // What is measured lies around the tenth and ends with the thousandth.
  await takeUntil(project, place, EARLY - (MEASURED >> 1));
  const first = await measureSnapshots(project, (...args) => measure(command, ...args), place);
  await takeUntil(project, place, late - MEASURED);
  const last = await measureSnapshots(project, (...args) => measure(command, ...args), place);
  place.say(`${LISTED} manifests`);
  await copyManifests(project, place.signal, LISTED);
  const lists: Measured[] = [];
  const nothing: Measured[] = [];
  for (let round = 0; round < MEASURED; round++) {
    lists.push(await measure(command, 'list'));
    nothing.push(await measure('-e', '0'));
  }
  allowCollecting();
  return report({ late, first, last, lists, nothing, index: await measureIndex() });
}

type Measure = (...args: readonly string[]) => Promise<Measured>;

/** By this Node, with a cache of its own that is warm after the first. */
function measurer(place: Place, { directory }: ManyProject): Measure {
  const env = { ...process.env, XDG_CACHE_HOME: path.join(place.directory, 'cache') };
  return (...args) =>
    measureCommand(process.execPath, args, { cwd: directory, env, signal: place.signal });
}

async function measureSnapshots(
  project: ManyProject,
  measure: Measure,
  place: Place,
): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  for (let n = 0; n < MEASURED; n++) {
    await project.change();
    await settleDisk();
    measured.push(await measure('snapshot', '--quiet'));
  }
  place.say(`the median of ${MEASURED}: ${secondsOf(measured).toFixed(3)} s`);
  return measured;
}

async function takeUntil(project: ManyProject, place: Place, count: number): Promise<void> {
  for (;;) {
    place.signal.throwIfAborted();
    await using stillpoint = await project.open();
    const there = (await stillpoint.list()).length;
    if (there >= count) return;
    if (there % 50 === 0) place.say(`${there} of ${count} snapshots`);
    await project.change();
    await stillpoint.snapshot({ signal: place.signal });
  }
}

/** Copies of the last manifest under other ids: whoever lists sees no difference. */
async function copyManifests(
  { vaultDirectory }: ManyProject,
  signal: AbortSignal,
  count: number,
): Promise<void> {
  await using vault = await openVault(createDirectoryStore(vaultDirectory));
  const { sealed } = await readSealed(vault, signal);
  const { manifest } = sealed.at(-1)!;
  await using session = await vault.openSession({ signal });
  for (let n = sealed.length; n < count; n++) {
    const id = newSnapshotId();
    const createdAt = new Date(Date.parse(manifest.createdAt) - n * 1000).toISOString();
    const message = `number ${n}`;
    await session.seal(id, manifestBytes({ ...manifest, id, createdAt, message }));
  }
}

interface Results {
  readonly late: number;
  readonly first: readonly Measured[];
  readonly last: readonly Measured[];
  readonly lists: readonly Measured[];
  /** Node itself, told to do nothing. */
  readonly nothing: readonly Measured[];
  readonly index: { readonly loadMs: number; readonly megabytes: number };
}

function report({ late, first, last, lists, nothing, index }: Results): readonly Metric[] {
  const time = secondsOf(last) / secondsOf(first);
  const memory = peakOf(last) / peakOf(first);
  const listMs = secondsOf(lists) * 1000;
  return [
    metricOf([`many.time.${late}`, time, 'ratio'], { judged: atMost(1.3, time) }),
    metricOf([`many.memory.${late}`, memory, 'ratio'], { judged: atMost(1.3, memory) }),
    metricOf([`many.list.${LISTED}`, listMs, 'ms'], { judged: atMost(200, listMs) }),
    metricOf(['many.list.node', secondsOf(nothing) * 1000, 'ms']),
    metricOf([`many.snapshot.${EARLY}`, secondsOf(first) * 1000, 'ms']),
    metricOf([`many.snapshot.${late}`, secondsOf(last) * 1000, 'ms']),
    metricOf([`many.peak.${EARLY}`, peakOf(first), 'MB']),
    metricOf([`many.peak.${late}`, peakOf(last), 'MB']),
    metricOf(['many.index.memory', index.megabytes, 'MB']),
    metricOf(['many.index.load', index.loadMs, 'ms']),
  ];
}

function secondsOf(measured: readonly Measured[]): number {
  return median(measured.map(({ seconds }) => seconds));
}

function peakOf(measured: readonly Measured[]): number {
  return median(measured.map(({ peakMb }) => peakMb));
}

/** As if it had been started with --expose-gc. */
function allowCollecting(): void {
  setFlagsFromString('--expose-gc');
  globalThis.gc = runInNewContext('gc') as typeof globalThis.gc;
}
