// Brings runs to a placement, by renames. Each step looks before it acts, so the whole can be repeated after dying anywhere. The run that
// was there is put aside as a whole, with all of its checkpoints; it is never taken apart.
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { failure, fsyncDirectory } from '@stillpoint/core';
import type { SwitchReport } from '../contract.ts';
import type { RunContext } from './context.ts';
import { forgetPrepared, markerOf, stagedAt, stagedRoot, type RunPlacement } from './placement.ts';
import { isMissing, isOfRun, linkIn, linkTo, namesIn } from './run-directory.ts';

export async function switchRuns(
  context: RunContext,
  placement: RunPlacement,
): Promise<SwitchReport> {
  await forgetPrepared(context, placement.id);
  await mkdir(context.directory, { recursive: true });
  const kept: string[] = [];
  for (const { run, there } of placement.runs) {
    const isThere = (await namesIn(context.directory)).includes(run);
    const marker = isThere ? await markerOf(context.at(run)) : undefined;
    if (there ? marker === placement.id : !isThere) {
      if (there) await carryOver(context, run);
      continue;
    }
    if (isThere) {
      await context.refuseRunning(run);
      // Without a marker it is in no undo point: nobody removes it.
      const aside = path.join(stagedRoot(context, marker ?? `kept-${placement.id}`), run);
      await move(context, context.at(run), aside);
      if (marker === undefined) kept.push(`${run}: what was there is kept as ${aside}`);
    }
    if (!there) continue;
    await bringIn(context, placement, run);
    await carryOver(context, run);
  }
  if (
    placement.latest !== undefined &&
    (await linkIn(context.directory)) !== (placement.latest ?? undefined)
  )
    await linkTo(context.directory, placement.latest);
  return { kept };
}

async function bringIn(context: RunContext, placement: RunPlacement, run: string): Promise<void> {
  try {
    await move(context, stagedAt(context, placement, run), context.at(run));
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw failure('RUN_NOT_SWITCHED', { source: context.source, run }, error);
  }
}

/** Files that people put beside the checkpoints are no state of the run: they stay with the run that is in its place. */
async function carryOver(context: RunContext, run: string): Promise<void> {
  const live = context.at(run);
  const there = new Set(await namesIn(live));
  for (const id of await namesIn(path.join(context.directory, '.stillpoint'))) {
    const aside = path.join(stagedRoot(context, id), run);
    for (const name of await namesIn(aside)) {
      if (isOfRun(name) || there.has(name)) continue;
      await rename(path.join(aside, name), path.join(live, name));
      there.add(name);
    }
  }
  await fsyncDirectory(live);
}

async function move({ directory }: RunContext, from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
  await rename(from, to);
  await fsyncDirectory(path.dirname(to));
  await fsyncDirectory(path.dirname(from));
  if (path.dirname(to) !== directory) await fsyncDirectory(path.dirname(path.dirname(to)));
}
