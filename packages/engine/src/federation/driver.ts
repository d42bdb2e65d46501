// The git driver: one instance for each member of the federation. Only wiring; the work is in the files it names.
import { rm, stat } from 'node:fs/promises';
import type { Json } from '@stillpoint/core';
import { showName } from '../file-tree/index.ts';
import type { NamedStream, ObjectSource, Placement, SourceDriver } from '../sources/contract.ts';
import { compareWith } from './compare.ts';
import { refuseWhatIsInTheWay } from './in-the-way.ts';
import { createMemberContext, type GitDriverOptions } from './member.ts';
import { liveHoldsAll, prepareState, proveState } from './prepare.ts';
import { probeMember } from './probe.ts';
import { parseListing, parseRecord, readListing, streamsOf } from './record.ts';
import { beginSession } from './session.ts';
import { parsePlacement } from './staged.ts';
import { switchTo } from './switch.ts';
import { createTreeAccess } from './tree.ts';

export function createGitDriver(options: GitDriverOptions): SourceDriver {
  const context = createMemberContext(options);
  const { member } = context;
  const place = (placement: Placement) => parsePlacement(member, placement);
  // A restore to where there was nothing has no other placement.
  const drop = async (placement: Placement) => {
    if (placement !== null) await rm(place(placement).staged, { recursive: true, force: true });
  };
  return {
    kind: 'git',
    name: member,
    supports: {
      closes: false,
      capturesWhileLive: true,
      incremental: true,
      preparesFromNothing: true,
      marksByComputing: true,
    },
    tree: createTreeAccess(context),
    async exists() {
      return (await stat(`${context.directory}/.git`).catch(() => undefined)) !== undefined;
    },
    probe: (signal) => probeMember(context, signal),
    begin: (options) => beginSession(context, options),
    compare: (record, source, signal) => compareWith(context, record, source, signal),
    references: gitReferences,
    async protect(json, source) {
      const record = parseRecord(member, json);
      const listings = [record.listing, ...record.considered];
      const names = new Set<Parameters<typeof context.consider>[0][number]>();
      for (const ref of listings) {
        const text = Buffer.from(await source.readBytes(ref)).toString('utf8');
        for (const entry of parseListing(member, text))
          if (entry.type !== 'directory') names.add(entry.path);
      }
      context.consider([...names], listings);
    },
    async prepare(record, options) {
      await refuseWhatIsInTheWay(context, record, options.source);
      return await prepareState(context, record, options, 'staged');
    },
    prove: (placement, signal) => proveState(context, place(placement), signal),
    async placementOfUndo(record, options) {
      const live = await liveHoldsAll(context, record, options);
      return await prepareState(context, record, options, live ? 'live' : 'staged');
    },
    async close() {},
    switch: (placement, options) => switchTo(context, place(placement), options),
    async open() {},
    async abandon() {},
    async finish(live, other) {
      await drop(live);
      await drop(other);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Every stream that a record reads; needs no driver. */
export async function* gitReferences(
  json: Json,
  source: ObjectSource,
): AsyncGenerator<NamedStream> {
  const record = parseRecord('', json);
  yield* streamsOf(record);
  for (const entry of await readListing('', record, source)) {
    if (entry.type === 'file' && entry.content !== undefined) {
      yield { ...entry.content, of: showName(entry.path) };
    }
  }
}
