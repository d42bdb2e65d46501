// Runs below a prefix of a bucket. A bucket has no links: which run is the latest is what the lenses say of themselves.
import { failure } from '@stillpoint/core';
import { isRunId } from '../../directory/index.ts';
import { parseLensFileName, withoutSuperseded } from '../names.ts';
import {
  openLens,
  openS3,
  s3AddressText,
  type LensPlace,
  type S3Directory,
} from '../read/index.ts';
import type { LocatedLens } from './locate.ts';
import type { ListedLens } from './runs.ts';

/** Throws LENS_MISSING, LENS_EMPTY, LENS_S3_ADDRESS_INVALID and whatever a bucket refuses. */
export async function locateOnS3(given: string, run?: string): Promise<LocatedLens> {
  const s3 = await openS3(given);
  const { prefix } = s3.address;
  const at = (place: LensPlace): LocatedLens => ({ kind: 'address', path: place.name, place });
  const cut = prefix.lastIndexOf('/');
  if (parseLensFileName(prefix.slice(cut + 1)) !== undefined)
    return at(oneFile(s3.place(prefix.slice(0, Math.max(cut, 0))), prefix.slice(cut + 1), given));
  if (run !== undefined && !isRunId(run)) throw failure('RUN_ID_INVALID', { run });
  const wanted = run === undefined ? prefix : joined(prefix, run);
  if ((await filesOf(s3, wanted)).length > 0) return at(s3.place(wanted));
  const runs = await runsOf(s3);
  if (run !== undefined)
    throw failure('LENS_MISSING', {
      path: s3AddressText(s3.address, wanted),
      known: runs.map(({ runId }) => runId).join(', ') || 'no runs',
    });
  const latest = await latestOf(s3, runs);
  if (latest === undefined) throw failure('LENS_EMPTY', { path: given });
  return at(s3.place(joined(prefix, latest)));
}

/** By their ids. */
export async function listOnS3(given: string): Promise<readonly ListedLens[]> {
  const s3 = await openS3(given);
  const runs = await runsOf(s3);
  const latest = await latestOf(s3, runs);
  return runs.map(({ runId, files }) => ({
    runId,
    path: s3AddressText(s3.address, joined(s3.address.prefix, runId)),
    chunks: files.length,
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ticks: { start: files[0]!.ticks.start, end: files.at(-1)!.ticks.end },
    busy: false,
    latest: runId === latest,
  }));
}

type LensFiles = Awaited<ReturnType<typeof filesOf>>;

async function runsOf(
  s3: S3Directory,
): Promise<readonly { readonly runId: string; readonly files: LensFiles }[]> {
  const { prefix } = s3.address;
  const runs: { readonly runId: string; readonly files: LensFiles }[] = [];
  for (const runId of (await s3.list(prefix)).directories) {
    // `latest` is none: what a tool copied that follows links may be of several runs.
    if (!isRunId(runId)) continue;
    const files = await filesOf(s3, joined(prefix, runId));
    if (files.length > 0) runs.push({ runId, files });
  }
  return runs;
}

/** Those that have frames, in the order of their ticks. */
async function filesOf(s3: S3Directory, prefix: string) {
  const { files } = await s3.list(prefix);
  return withoutSuperseded(
    files.flatMap(({ name, sizeBytes }) => {
      const parsed = parseLensFileName(name);
      return parsed === undefined ? [] : [{ name, sizeBytes, ...parsed }];
    }),
  );
}

/** The one that was begun last by its own account, and among equals the last by its id. */
async function latestOf(
  s3: S3Directory,
  runs: readonly { readonly runId: string }[],
): Promise<string | undefined> {
  if (runs.length < 2) return runs[0]?.runId;
  let latest: { readonly runId: string; readonly createdAt: string } | undefined;
  for (const { runId } of runs) {
    await using lens = await openLens(s3.place(joined(s3.address.prefix, runId)));
    const { createdAt } = lens;
    if (latest === undefined || createdAt >= latest.createdAt) latest = { runId, createdAt };
  }
  return latest?.runId;
}

function oneFile(place: LensPlace, name: string, given: string): LensPlace {
  return {
    name: given,
    list: async () => [name],
    open: (file, signal) => place.open(file, signal),
  };
}

function joined(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`;
}
