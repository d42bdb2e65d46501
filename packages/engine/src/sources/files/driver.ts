// The files driver: one instance for each directory. Only wiring; the work is in the files it names.
import type { Placement, SourceDriver } from '../contract.ts';
import { switchTo } from './apply.ts';
import { compareWith } from './compare.ts';
import { createFilesContext, type FilesDriverOptions } from './context.ts';
import { prepareState, proveState } from './prepare.ts';
import { probeDirectory } from './probe.ts';
import { filesReferences } from './record.ts';
import { beginSession } from './session.ts';
import { dropAllStaged, dropStaged, parsePlacement, roomToPrepare } from './staged.ts';
import { createTreeAccess } from './tree.ts';
import { prepareWayBack } from './way-back.ts';

export function createFilesDriver(options: FilesDriverOptions): SourceDriver {
  const context = createFilesContext(options);
  const place = (placement: Placement) => parsePlacement(context.source, placement);
  return {
    kind: 'files',
    name: context.source,
    supports: {
      closes: false,
      capturesWhileLive: true,
      incremental: true,
      preparesFromNothing: true,
      marksByComputing: true,
    },
    tree: createTreeAccess(context),
    exists: () => context.exists(),
    roomToPrepare: (record) => roomToPrepare(context, record),
    probe: (signal) => probeDirectory(context, signal),
    begin: (options) => beginSession(context, options),
    compare: (record, source, signal) => compareWith(context, record, source, signal),
    references: filesReferences,
    prepare: (record, options) => prepareState(context, record, options),
    prove: (placement, signal) => proveState(context, place(placement), signal),
    placementOfUndo: (record, options) => prepareWayBack(context, record, options),
    async close() {},
    async switch(placement, options) {
      return { kept: await switchTo(context, place(placement), options) };
    },
    async open() {},
    abandon: () => dropAllStaged(context),
    async finish(live, other) {
      await dropStaged(context, live);
      await dropStaged(context, other);
      context.forget();
    },
    async [Symbol.asyncDispose]() {},
  };
}
