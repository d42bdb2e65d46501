// The driver for runs of simulations: one instance for each directory of runs. It knows files and the protocol of control, nothing of
// worlds. Only wiring; the work is in the files it names.
import path from 'node:path';
import { failure, type Json } from '@stillpoint/core';
import { stat } from 'node:fs/promises';
import type { Placement, Probe, SourceDriver } from '../contract.ts';
import { createRunContext, type RunContext, type RunDriverOptions } from './context.ts';
import { dropPrepared, dropStaged, forgetMarkers, parsePlacement } from './placement.ts';
import { placementOfLive, prepareRuns, proveRuns } from './prepare.ts';
import { bytesOf, parseRecord, runReferences } from './record.ts';
import { isRunning, namesIn, newestIn, tickOf } from './run-directory.ts';
import { beginSession } from './session.ts';
import { switchRuns } from './switch-runs.ts';
import { createRunAccess } from './newest.ts';
import { createTreeAccess } from './tree.ts';

export function createRunDriver(options: RunDriverOptions): SourceDriver {
  const context = createRunContext(options);
  const place = (placement: Placement) => parsePlacement(context.source, placement);
  return {
    kind: 'run',
    name: context.source,
    supports: {
      // Nobody is kept out: a restore refuses while the run goes on.
      closes: false,
      capturesWhileLive: true,
      incremental: true,
      preparesFromNothing: true,
    },
    tree: createTreeAccess(context),
    runs: createRunAccess(context),
    exists: async () => (await context.chosen()) !== undefined,
    async roomToPrepare(record) {
      return {
        directory: await nearest(context.directory),
        bytes: bytesOf(parseRecord(context.source, record)),
      };
    },
    probe: () => probe(context),
    begin: (begin) => beginSession(context, begin),
    async protect(record) {
      context.replaced = parseRecord(context.source, record).runs.map(({ run }) => run);
    },
    compare: (record) => compare(context, record),
    references: runReferences,
    prepare: (record, prepare) => prepareRuns(context, record, prepare),
    prove: (placement, signal) => proveRuns(context, place(placement), signal),
    placementOfUndo: (record) => placementOfLive(context, record),
    async close() {},
    switch: (placement) => switchRuns(context, place(placement)),
    async open() {},
    abandon: () => dropPrepared(context),
    async finish(live, other) {
      if (other !== null) await dropStaged(context, place(other));
      await forgetMarkers(context, place(live));
      await dropStaged(context, place(live));
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function probe(context: RunContext): Promise<Probe> {
  const run = await context.chosen();
  if (run === undefined) {
    const some = (await namesIn(context.directory)).length > 0;
    const note = `there is no run in ${context.directory}${some ? ' that is the latest' : ' yet'}`;
    return { strategy: 'checkpoint', bytesTotal: 0, bytesNext: 0, notes: [note] };
  }
  const directory = context.at(run);
  const running = await isRunning(directory);
  const newest = await newestIn(directory);
  const bytes = newest === undefined ? 0 : await sizeOf(path.join(directory, newest));
  return {
    strategy: running ? 'mark' : 'checkpoint',
    bytesTotal: bytes,
    bytesNext: bytes,
    notes: newest === undefined && !running ? [`run ${run} has no checkpoint`] : [],
  };
}

async function compare(
  context: RunContext,
  record: Json,
): Promise<{ readonly summary: string; readonly details: readonly string[] }> {
  const { runs } = parseRecord(context.source, record);
  const details: string[] = [];
  for (const { run, files, newest } of runs) {
    const directory = context.at(run);
    const live = await newestIn(directory);
    const to = newest === null ? 'no checkpoint' : `tick ${tickOf(newest)}`;
    const from = live === undefined ? 'no checkpoint' : `tick ${tickOf(live)}`;
    details.push(files === null ? `${run} goes away` : `${run} goes from ${from} to ${to}`);
    if (await isRunning(directory)) details.push(`${run} is running: stop it first`);
  }
  return {
    summary: `${runs.length === 1 ? '1 run is' : `${runs.length} runs are`} replaced`,
    details,
  };
}

/** On the file system where the runs will be: in another project there are none yet. */
async function nearest(directory: string): Promise<string> {
  const above = path.dirname(directory);
  const there = await stat(directory).then(
    () => true,
    () => false,
  );
  return there || above === directory ? directory : await nearest(above);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw failure('RUN_CHECKPOINT_GONE', { source: 'run', file }, error);
  }
}
