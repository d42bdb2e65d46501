// SQL over lenses, as programs use it: lenses are read here, and DuckDB works in a thread of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import type { Lens, ReadOptions } from '../read/contract.ts';
import type { LensSql, LensSqlAnswer, LensSqlOptions, LensSqlRows } from './contract.ts';
import { serveFeeds, type Feeds } from './feeds.ts';
import type { SqlAnswer, SqlOrder, SqlRun } from './messages.ts';
import { startSqlThread, type SqlThread } from './sql-thread.ts';

/** With what the command is by itself (170 MB) and what is read (some 50), a statement that sorts stays about 300. */
const MEMORY_LIMIT_BYTES = 48 * 1024 * 1024;

/** The lenses stay the caller's: they are closed after this. Throws SIM_PEER_MISSING where DuckDB is not installed. */
export async function openLensSql(
  lenses: readonly Lens[],
  {
    damaged,
    memoryLimitBytes = MEMORY_LIMIT_BYTES,
    temporaryDirectory = tmpdir(),
    runColumn = lenses.length > 1,
    signal,
  }: LensSqlOptions = {},
): Promise<LensSql> {
  const reading = { ...(damaged && { damaged }), ...(signal && { signal }) };
  const runs: SqlRun[] = [];
  for (const lens of lenses) runs.push(await describe(lens, reading));
  const directory = await mkdtemp(path.join(temporaryDirectory, 'stillpoint-sql-'));
  try {
    const line = new MessageChannel();
    const answered = new SharedArrayBuffer(4);
    const feeds = serveFeeds(line.port1, new Int32Array(answered), lenses);
    const thread = startSqlThread({
      feeds: line.port2,
      answered,
      runs,
      runColumn,
      memoryLimitBytes,
      temporaryDirectory: directory,
    });
    try {
      await thread.answer('opened');
    } catch (error) {
      await thread.ended;
      feeds.end();
      throw error;
    }
    return new OpenSql(thread, feeds, directory, reading);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function describe(lens: Lens, options: ReadOptions): Promise<SqlRun> {
  const ticks: number[] = [];
  const timesSeconds: number[] = [];
  for await (const frame of lens.frames({}, options)) {
    ticks.push(frame.tick);
    timesSeconds.push(frame.timeSeconds);
  }
  const { runId, fields } = lens;
  return {
    runId,
    fields,
    ticks: Float64Array.from(ticks),
    timesSeconds: Float64Array.from(timesSeconds),
    dropped: lens.dropped.map(({ ticks: { start, end }, frames, reason }) => ({
      from: start,
      to: end - 1,
      frames,
      reason,
    })),
  };
}

class OpenSql implements LensSql {
  readonly #thread: SqlThread;
  readonly #feeds: Feeds;
  readonly #directory: string;
  readonly #reading: ReadOptions;
  /** Answers that are older than this are over. */
  #statements = 0;
  #isClosed = false;

  constructor(thread: SqlThread, feeds: Feeds, directory: string, reading: ReadOptions) {
    this.#thread = thread;
    this.#feeds = feeds;
    this.#directory = directory;
    this.#reading = reading;
  }

  async query(
    statement: string,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<LensSqlAnswer> {
    if (this.#isClosed) throw new TypeError('this SQL was closed');
    this.#statements += 1;
    const number = this.#statements;
    this.#feeds.begin({ ...this.#reading, ...(signal && { signal }) });
    const { columns } = await this.#asked({ type: 'query', statement }, 'columns', signal);
    const rows = async function* (this: OpenSql): AsyncGenerator<LensSqlRows> {
      for (;;) {
        if (number !== this.#statements)
          throw new TypeError('another statement was begun before this answer was read');
        const { rows } = await this.#asked({ type: 'rows' }, 'rows', signal);
        if (rows.length === 0) return;
        yield rows;
      }
    };
    return { columns, [Symbol.asyncIterator]: rows.bind(this) };
  }

  async #asked<T extends SqlAnswer['type']>(
    order: SqlOrder,
    type: T,
    signal: AbortSignal | undefined,
  ): Promise<Extract<SqlAnswer, { type: T }>> {
    signal?.throwIfAborted();
    const interrupt = (): void => this.#thread.order({ type: 'interrupt' });
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      this.#thread.order(order);
      return await this.#thread.answer(type);
    } catch (error) {
      signal?.throwIfAborted();
      // DuckDB tells in words of its own what a lens could not give.
      throw this.#feeds.failure ?? error;
    } finally {
      signal?.removeEventListener('abort', interrupt);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#thread.end();
    this.#feeds.end();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
