// One capture: the keeper pins or copies the live file, and what it copied goes to the sink from here.
//
// The capture of an undo point also takes the write lock at its mark, unless the participant has it, and keeps it until its session
// is disposed of, after the switch: what is switched away is then exactly what was captured, whoever else writes. And it takes
// what it finds, damaged or no database at all, because that is about to be replaced and may be the only copy.
import { createReadStream, type Stats } from 'node:fs';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import type {
  BeginOptions,
  Captured,
  CaptureSession,
  ObjectSink,
  StreamHints,
  StreamRef,
} from '../contract.ts';
import { findHold, openHold, type FileHold } from './held-files.ts';
import { startKeeper, type Keeper } from './keeper.ts';
import type { CheckKind } from './keeper-orders.ts';
import { companionEnds, tryRecord, type SqliteRecord } from './record.ts';
import { examineFile, inspectFile, isThere, refuseWithoutRoom } from './refusals.ts';

export interface CaptureOptions {
  readonly file: string;
  /** Private, ours alone while the lease is held. */
  readonly cacheDirectory: string;
}

/** A transaction that is open when the undo point is taken ends in time, or the restore is given up. */
const undoLockWithinMs = 10_000;
/** As long as a restore may hold everybody. */
const undoLockLimitMs = 10 * 60 * 1000;

export async function beginCapture(
  options: CaptureOptions,
  begin: BeginOptions,
): Promise<CaptureSession> {
  const { file, cacheDirectory } = options;
  const { size } = await examineFile(file);
  await using cleanup = new AsyncDisposableStack();
  const keeper = cleanup.use(startKeeper(file));
  const found = await inspectFile(keeper, file, begin.signal);
  if (found.kind === 'foreign') {
    if (begin.forUndo !== true) throw failure('SQLITE_NOT_A_DATABASE', { file, why: found.why });
    return captureFiles(file, begin.sink);
  }
  const copyTo = path.join(await makePlace(cacheDirectory, cleanup), 'copy');
  await refuseWithoutRoom(cacheDirectory, size);
  await keeper.ask('attach', { file, copyTo }, begin.signal);
  return captureDatabase(options, begin, { keeper, copyTo, resources: cleanup.move() });
}

interface Attached {
  readonly keeper: Keeper;
  readonly copyTo: string;
  readonly resources: AsyncDisposableStack;
}

function captureDatabase(
  { file }: CaptureOptions,
  { sink, history, forUndo = false, signal, progress }: BeginOptions,
  { keeper, copyTo, resources }: Attached,
): CaptureSession {
  return {
    async mark(until) {
      if (forUndo && findHold(file) === undefined) resources.use(await holdForUndo(file, until));
      await keeper.ask('mark', { file }, until);
    },
    async capture() {
      progress({ type: 'phase:started', phase: 'copy', detail: file });
      // Others may be held while an undo point is taken: then what takes long is left to the proof of whoever restores it.
      const by: CheckKind = forUndo ? 'quick_check' : 'integrity_check';
      const { liveJournal, problems, foreignKeyViolations, ...facts } = await keeper.ask(
        'copy',
        { check: by, hurry: forUndo },
        signal,
      );
      const [problem] = problems;
      if (problem !== undefined && !forUndo) throw failure('SQLITE_DAMAGED', { file, problem });
      const check = { by, problems: [...problems], foreignKeyViolations };
      const { pageBytes, pages, schemaDigest } = facts;
      const content = await storeCopy(copyTo, sink, { pageBytes, ...(await newest(history)) });
      return captured(liveJournal === 'wal' ? 'wal' : 'blocking', {
        version: 1,
        kind: 'database',
        content: { ...content },
        ...accessOf(await stat(file)),
        journal: liveJournal,
        pageBytes,
        pages,
        schemaDigest,
        check,
      });
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Where the newest capture put its copy: SQLite copies page by page, so what did not change lies where it lay. */
async function newest(history: BeginOptions['history']): Promise<Pick<StreamHints, 'previous'>> {
  for await (const json of history) {
    const record = tryRecord(json);
    if (record?.kind === 'database') return { previous: record.content };
  }
  return {};
}

async function storeCopy(file: string, sink: ObjectSink, hints: StreamHints): Promise<StreamRef> {
  await using copy = await open(file, 'r');
  return await sink.writeFile({ descriptor: copy.fd, bytes: (await copy.stat()).size }, hints);
}

/** What a dead process left there goes first. */
async function makePlace(directory: string, cleanup: AsyncDisposableStack): Promise<string> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const place = await mkdtemp(path.join(directory, 'capture-'));
  cleanup.defer(() => rm(place, { recursive: true, force: true }));
  return place;
}

async function holdForUndo(file: string, signal: AbortSignal): Promise<FileHold> {
  const hold = await openHold(file, signal);
  try {
    await hold.lock({ waitMs: undoLockWithinMs, limitMs: undoLockLimitMs }, signal);
    return hold;
  } catch (error) {
    await hold[Symbol.asyncDispose]();
    throw error;
  }
}

/** Bytes that no SQLite program writes to; if anybody does, the undo point is given up. */
function captureFiles(file: string, sink: ObjectSink): CaptureSession {
  let marked = '';
  const look = async (): Promise<string> => {
    const stats = await Promise.all(['', ...companionEnds].map((end) => lookAt(file + end)));
    return stats.join(' ');
  };
  return {
    async mark(signal) {
      signal.throwIfAborted();
      marked = await look();
    },
    async capture() {
      const content = await sink.writeStream(createReadStream(file));
      const companions: { end: (typeof companionEnds)[number]; content: typeof content }[] = [];
      for (const end of companionEnds) {
        if (!(await isThere(file + end))) continue;
        const ref = await sink.writeStream(createReadStream(file + end));
        companions.push({ end, content: { ...ref } });
      }
      if ((await look()) !== marked) throw failure('SQLITE_CHANGED', { file });
      const access = accessOf(await stat(file));
      return captured('files', {
        version: 1,
        kind: 'files',
        content: { ...content },
        companions,
        ...access,
      });
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function lookAt(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found === undefined ? '-' : `${found.ino}:${found.size}:${found.mtimeNs}`;
}

function accessOf({ mode, uid, gid }: Stats): Pick<SqliteRecord, 'mode' | 'uid' | 'gid'> {
  return { mode: mode & 0o7777, uid, gid };
}

function captured(strategy: string, record: SqliteRecord): Captured {
  return {
    record,
    strategy,
    bytesTotal: record.content.bytes,
    ...(record.kind === 'database' ? { schemaDigest: record.schemaDigest } : {}),
  };
}
