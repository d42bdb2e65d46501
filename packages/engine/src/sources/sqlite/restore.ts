// From a record to a file beside the live one, proved, and from there into its place.
import { mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { bytesText, failure, fsyncDirectory, isFailure, type Json } from '@stillpoint/core';
import type {
  Change,
  ObjectSource,
  Placement,
  PrepareOptions,
  Proof,
  StreamRef,
  SwitchReport,
} from '../contract.ts';
import { findHold, type Placing } from './held-files.ts';
import { askOnce, startKeeper } from './keeper.ts';
import { parsePlaced, parseRecord, type Placed, type SqliteRecord } from './record.ts';
import { inspectFile, isThere } from './refusals.ts';

export async function prepare(json: Json, options: PrepareOptions): Promise<Placement> {
  const record = parseRecord(json);
  const { workDirectory } = options;
  await mkdir(workDirectory, { recursive: true, mode: 0o700 });
  const write = (name: string, ref: StreamRef): Promise<string> =>
    writeStream(path.join(workDirectory, name), ref, options);
  const file = await write('database', record.content);
  const placed = await placedOf(record, file, write);
  await fsyncDirectory(workDirectory);
  return placed;
}

async function placedOf(
  record: SqliteRecord,
  file: string,
  write: (name: string, ref: StreamRef) => Promise<string>,
): Promise<Placed> {
  if (record.kind === 'database') {
    const { content: _content, ...rest } = record;
    return { ...rest, file };
  }
  const { content: _content, companions, ...rest } = record;
  const files = [];
  for (const { end, content } of companions) {
    files.push({ end, file: await write(`database${end}`, content) });
  }
  return { ...rest, file, companions: files };
}

async function writeStream(
  file: string,
  ref: StreamRef,
  { source, signal, progress }: PrepareOptions,
): Promise<string> {
  const handle = await open(file, 'w', 0o600);
  try {
    let doneBytes = 0;
    for await (const piece of source.readStream(ref)) {
      signal.throwIfAborted();
      await handle.writeFile(piece);
      doneBytes += piece.byteLength;
      progress({ type: 'bytes:advanced', phase: 'prepare', doneBytes, totalBytes: ref.bytes });
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return file;
}

/** Throws RESTORE_NOT_PROVED. */
export async function prove(source: string, json: Placement, signal: AbortSignal): Promise<Proof> {
  const placed = parsePlaced(json);
  const refuse = (reason: string): never => {
    throw failure('RESTORE_NOT_PROVED', { source, reason });
  };
  const found = await stat(placed.file).catch(() => refuse('its file is gone'));
  if (placed.kind === 'files') {
    return { checks: [`${found.size} bytes that are no database, as they were found`] };
  }
  const { by, problems, foreignKeyViolations } = placed.check;
  const checked = await askOnce(
    placed.file,
    'check',
    { file: placed.file, check: by },
    signal,
  ).catch((error: unknown) => {
    if (!isFailure(error, 'SQLITE_KEEPER_FAILED')) throw error;
    return refuse(String(error.data['why']));
  });
  const [problem] = checked.problems.filter((one) => !problems.includes(one));
  if (problem !== undefined) refuse(`${by} says: ${problem}`);
  if (checked.foreignKeyViolations !== foreignKeyViolations) {
    refuse(`${checked.foreignKeyViolations} rows break a foreign key, not ${foreignKeyViolations}`);
  }
  if (checked.schemaDigest !== placed.schemaDigest) refuse('its schema is another one');
  const sound = problems.length === 0 ? `${by} ok` : `damaged as it was captured: ${problems[0]}`;
  const foreign =
    foreignKeyViolations === 0
      ? 'foreign_key_check ok'
      : `${foreignKeyViolations} rows break a foreign key, as captured`;
  return { checks: [sound, foreign, `${checked.pages} pages, schema equal`] };
}

/** By the keeper that has the file's lock, if this process holds it: any other would wait for it in vain. */
export async function switchTo(file: string, placing: Placing): Promise<SwitchReport> {
  const hold = findHold(file);
  if (hold !== undefined) return { kept: await hold.place(placing) };
  return await askOnce(file, 'place', { file, ...placing });
}

export async function compare(file: string, json: Json, signal: AbortSignal): Promise<Change> {
  const record = parseRecord(json);
  if (!(await isThere(file))) return { summary: 'the file is made anew', details: [] };
  await using keeper = startKeeper(file);
  const live = await inspectFile(keeper, file, signal);
  if (live.kind === 'foreign' || record.kind === 'files') {
    return {
      summary: `${bytesText(record.content.bytes)} replace the file as a whole`,
      details: [],
    };
  }
  const details: string[] = [];
  if (live.schemaDigest !== record.schemaDigest) details.push('the schema differs');
  if (live.pageBytes !== record.pageBytes) {
    details.push(`pages of ${record.pageBytes} bytes replace pages of ${live.pageBytes}`);
  }
  if (live.journal !== record.journal) {
    details.push(`the journal was ${record.journal}, is ${live.journal}`);
  }
  const size = sizesText(live.pages * live.pageBytes, record.content.bytes);
  return { summary: details.length === 0 ? `same schema, ${size}` : size, details };
}

function sizesText(liveBytes: number, capturedBytes: number): string {
  const [live, captured] = [bytesText(liveBytes), bytesText(capturedBytes)];
  if (liveBytes === capturedBytes) return `same size (${live})`;
  // Two equal numbers would read like a mistake.
  if (live === captured) return `about the same size (${live})`;
  return `${live} are replaced by ${captured}`;
}

export async function* references(json: Json, _source: ObjectSource): AsyncIterable<StreamRef> {
  const record = parseRecord(json);
  yield record.content;
  if (record.kind === 'files') for (const { content } of record.companions) yield content;
}
