// The keeper: the process that owns all SQLite connections of one capture, one lock or one switch. Closing any descriptor of
// a SQLite file drops the locks of the whole process, so nobody else may share it. It ends when its channel closes, which is
// also when its parent dies; what it held ends with it.
import { isFailure, failure } from '@stillpoint/core';
import { checkFile, inspect } from './check-file.ts';
import type { Answer, Cancel, Given, Orders, Request } from './keeper-orders.ts';
import { busyWithinMs, placeContent } from './place-content.ts';
import { applyAccessToAll, placeFiles, refuseUsers } from './place-files.ts';
import { Reader } from './reader.ts';
import { replaceStamp } from './stamp.ts';
import { WriteLock } from './write-lock.ts';

type Kept = readonly string[];
type Work<K extends keyof Orders> = (
  given: Parameters<Orders[K]>[0],
  signal: AbortSignal,
) => ReturnType<Orders[K]> | Promise<ReturnType<Orders[K]>>;

/** The stamp can be written another time. */
const stampWithinMs = 5000;

let reader: Reader | undefined;
let lock: WriteLock | undefined;

function attached(): Reader {
  if (reader === undefined) throw new TypeError('nothing is attached');
  return reader;
}

const orders: { readonly [K in keyof Orders]: Work<K> } = {
  inspect: ({ file }, signal) => inspect(file, signal),
  check: ({ file, check }) => checkFile(file, check),
  async attach({ file, copyTo }, signal) {
    reader = await Reader.open(file, copyTo, signal);
    await reader.warmUp(signal);
    return null;
  },
  mark: (_given, signal) => attached().mark(signal),
  copy: (given, signal) => attached().copy(given, signal),
  async lock({ file, waitMs, limitMs }, signal) {
    lock ??= new WriteLock(file);
    lock.endAfter(limitMs);
    return await lock.lock(waitMs, signal);
  },
  holds: () => lock?.holds() ?? false,
  release: () => lock?.release() ?? false,
  async stamp({ file, stamp }) {
    lock ??= new WriteLock(file);
    const found = lock.state ?? (await lock.lock(stampWithinMs, new AbortController().signal));
    if (found === 'nothing') throw failure('SQLITE_MISSING', { file });
    lock.commit((connection) => replaceStamp(connection, stamp));
    return null;
  },
  async place(given) {
    lock ??= new WriteLock(given.file);
    const kept = await place(given, lock);
    applyAccessToAll(given.file, given.placed);
    return { kept };
  },
};

async function place({ placed, undo, back }: Given<'place'>, held: WriteLock): Promise<Kept> {
  const { file } = held;
  // Nothing was placed: what is there is what was, and what strangers wrote since must not be lost.
  if (back && held.untouched) return [];
  if (held.state !== undefined && !held.holds()) throw failure('SQLITE_CHANGED', { file });
  const found = held.state ?? (await held.lock(busyWithinMs, new AbortController().signal));
  if (found === 'locked' && placed.kind === 'database') return await placeContent(held, placed);
  // Its last connection writes all of the WAL into the file when it closes.
  held.letGoOfFile();
  try {
    refuseUsers(file);
    held.touch();
    return placeFiles({ file, placed, undo });
  } finally {
    held.takeBack();
  }
}

const running = new Map<number, AbortController>();

async function obey({ number, order, given }: Request): Promise<Answer> {
  const controller = new AbortController();
  running.set(number, controller);
  try {
    const work = orders[order] as (given: unknown, signal: AbortSignal) => unknown;
    return { number, result: await work(given, controller.signal) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const known = isFailure(error) ? { code: error.code, data: error.data } : {};
    return { number, error: { message, ...known } };
  } finally {
    running.delete(number);
  }
}

// Who ends a whole group asks us too; our parent decides, and its death.
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => {});
process.on('message', (message: Request | Cancel) => {
  if ('cancel' in message) running.get(message.cancel)?.abort(new Error('cancelled'));
  else void obey(message).then((answer) => process.send?.(answer, () => {}));
});
process.on('disconnect', () => {
  // In the middle of something the connections are left as they are: SQLite makes good of it.
  if (running.size === 0) {
    reader?.close();
    lock?.dispose();
  }
  process.exit(0);
});
