// The columns of a row group as pages. What is the same in many rows is said once: ticks, times and runs are a dictionary and how often
// each of it comes; coordinates that do not move are packed for the first row group that has them so, and repeated.
import { freeMemory } from '@stillpoint/core';
import type { Encoding, PageHeader, ParquetType, Statistics } from 'hyparquet';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import type { BatchColumn, RowBatch } from './row-batch.ts';
import type { Table } from './tables.ts';

export interface Page {
  readonly header: PageHeader;
  /** Which rows are null; never packed. */
  readonly levels: Uint8Array;
  readonly body: Uint8Array;
}

export interface EncodedColumn {
  readonly name: string;
  readonly type: ParquetType;
  readonly encodings: Encoding[];
  /** Rows, those that are null too. */
  readonly values: number;
  readonly pages: readonly Page[];
  readonly statistics: Statistics;
}

/** Columns that do not move, by which samples of how many frames the rows are. */
export type StillColumns = Map<string, readonly EncodedColumn[]>;

/** Frames in a row group are as many each time, but for the last; a few more where counts change. */
const MOST_STILL = 4;
const packed = promisify(zstdCompress);
const params = { [constants.ZSTD_c_compressionLevel]: 1 };
/** Less than this is not worth the time to unpack it. */
const WORTH = 0.95;
const NONE = new Uint8Array();

/** In the order of the schema. Columns are packed at the same time, by the threads of zlib. */
export async function encodeBatch(
  table: Table,
  batch: RowBatch,
  still: StillColumns,
): Promise<readonly EncodedColumn[]> {
  const { segments, columns } = batch;
  const isStill = (column: number): boolean => table.places[column]?.still != null;
  const moving = Promise.all([
    ...(table.manyRuns ? [runColumn(batch)] : []),
    repeated(
      'tick',
      batch,
      'INT64',
      segments.map(({ tick }) => BigInt(tick)),
    ),
    repeated(
      'time_seconds',
      batch,
      'DOUBLE',
      segments.map(({ timeSeconds }) => timeSeconds),
    ),
  ]);
  const numbers = Promise.all(
    columns.map(async (column, at) =>
      isStill(at) ? undefined : await numberColumn(table.columns[at]!, batch.rows, column),
    ),
  );
  const key = segments.map(({ firstSample, rows }) => `${firstSample}:${rows}`).join(' ');
  const known = still.get(key) ?? (await stillColumns(table, batch));
  still.delete(key);
  still.set(key, known);
  for (const [oldest, columns] of still)
    if (still.size > MOST_STILL) {
      still.delete(oldest);
      columns.forEach(freePages);
    }
  const [sample, ...places] = known;
  return [
    ...(await moving),
    sample!,
    ...(await numbers).map((column, at) => column ?? places[at]!),
  ];
}

/** They are packed once, and written again and again. */
export function isStill(column: EncodedColumn, still: StillColumns): boolean {
  return still.values().some((columns) => columns.includes(column));
}

/** What was written and is not written again. */
export function freePages({ pages }: EncodedColumn): void {
  for (const { body } of pages) freeMemory(body);
}

/** Which sample a row is, and where. */
async function stillColumns(table: Table, batch: RowBatch): Promise<readonly EncodedColumn[]> {
  const { rows, segments, columns } = batch;
  const samples = new Int32Array(rows);
  let row = 0;
  for (const { firstSample, rows } of segments)
    for (let at = 0; at < rows; at += 1, row += 1) samples[row] = firstSample + at;
  const sample = plainColumn('sample', 'INT32', rows, NONE, 0, bytesOf(samples), {
    min_value: samples.reduce((least, one) => Math.min(least, one)),
    max_value: samples.reduce((most, one) => Math.max(most, one)),
    null_count: 0n,
  });
  const places = columns
    .slice(0, table.places.length)
    .filter((_, at) => table.places[at]!.still !== null)
    .map((column, at) => numberColumn(table.columns[at]!, rows, column));
  return await Promise.all([sample, ...places]);
}

async function numberColumn(
  { name, type }: Table['columns'][number],
  rows: number,
  { numbers, filled, runs }: BatchColumn,
): Promise<EncodedColumn> {
  const nulls = rows - filled;
  const present = numbers.subarray(0, filled);
  const statistics = { ...boundsOf(present), null_count: BigInt(nulls) };
  const physical = type === 'float64' ? 'DOUBLE' : 'FLOAT';
  const levels = runLengths(runs, (at) => (at % 2 === 0 ? 1 : 0), 1);
  return await plainColumn(name, physical, rows, levels, nulls, bytesOf(present), statistics);
}

/** None where there is a NaN: some engines hold it for larger than all, and would pass over rows that they look for. */
function boundsOf(numbers: Float64Array | Float32Array): Statistics {
  let [least, most] = [Infinity, -Infinity];
  for (let at = 0; at < numbers.length; at += 1) {
    const one = numbers[at] as number;
    if (one < least) least = one;
    if (one > most) most = one;
    if (one !== one) return {};
  }
  if (numbers.length === 0) return {};
  // Which zero is the smaller one is not agreed on.
  return { min_value: least === 0 ? -0 : least, max_value: most === 0 ? 0 : most };
}

async function plainColumn(
  name: string,
  type: ParquetType,
  rows: number,
  levels: Uint8Array,
  nulls: number,
  plain: Uint8Array,
  statistics: Statistics,
): Promise<EncodedColumn> {
  const page = await dataPage({ rows, nulls, levels, plain, encoding: 'PLAIN' });
  return { name, type, encodings: ['PLAIN', 'RLE'], values: rows, pages: [page], statistics };
}

/** One value for all rows of a segment. */
async function repeated(
  name: string,
  { rows, segments }: RowBatch,
  type: 'INT64' | 'DOUBLE',
  values: readonly (bigint | number)[],
): Promise<EncodedColumn> {
  const numbers =
    type === 'INT64' ? new BigInt64Array(values.length) : new Float64Array(values.length);
  for (const [at, value] of values.entries()) numbers[at] = value;
  const counts = segments.map(({ rows }) => rows);
  const dictionary = { plain: bytesOf(numbers), size: values.length };
  return await dictionaryColumn(name, type, rows, dictionary, counts, boundsIn(values));
}

function boundsIn(values: readonly (bigint | number)[]): Statistics {
  if (values.some((one) => one !== one)) return { null_count: 0n };
  const least = values.reduce((a, b) => (b < a ? b : a));
  const most = values.reduce((a, b) => (b > a ? b : a));
  return {
    min_value: least === 0 ? -0 : least,
    max_value: most === 0 ? 0 : most,
    null_count: 0n,
  };
}

async function runColumn({ run, rows }: RowBatch): Promise<EncodedColumn> {
  const text = new TextEncoder().encode(run);
  const plain = new Uint8Array(4 + text.length);
  new DataView(plain.buffer).setUint32(0, text.length, true);
  plain.set(text, 4);
  const statistics = { min_value: run, max_value: run, null_count: 0n };
  return await dictionaryColumn('run', 'BYTE_ARRAY', rows, { plain, size: 1 }, [rows], statistics);
}

async function dictionaryColumn(
  name: string,
  type: ParquetType,
  rows: number,
  dictionary: { readonly plain: Uint8Array; readonly size: number },
  counts: readonly number[],
  statistics: Statistics,
): Promise<EncodedColumn> {
  // No width of no bits: not all readers know it.
  const bits = Math.max(1, Math.ceil(Math.log2(dictionary.size)));
  const indexes = runLengths(counts, (at) => at, Math.ceil(bits / 8));
  const plain = new Uint8Array(1 + indexes.length);
  plain[0] = bits;
  plain.set(indexes, 1);
  const { body } = await packedPage(dictionary.plain);
  const first: Page = {
    header: {
      type: 'DICTIONARY_PAGE',
      uncompressed_page_size: dictionary.plain.length,
      compressed_page_size: body.length,
      dictionary_page_header: { num_values: dictionary.size, encoding: 'PLAIN' },
    },
    levels: NONE,
    body,
  };
  const encoding = 'RLE_DICTIONARY';
  const second = await dataPage({ rows, nulls: 0, levels: NONE, plain, encoding });
  const encodings: Encoding[] = ['PLAIN', 'RLE', encoding];
  return { name, type, encodings, values: rows, pages: [first, second], statistics };
}

interface Data {
  readonly rows: number;
  readonly nulls: number;
  readonly levels: Uint8Array;
  readonly plain: Uint8Array;
  readonly encoding: Encoding;
}

async function dataPage({ rows, nulls, levels, plain, encoding }: Data): Promise<Page> {
  const { body, isPacked } = await packedPage(plain, true);
  return {
    header: {
      type: 'DATA_PAGE_V2',
      uncompressed_page_size: levels.length + plain.length,
      compressed_page_size: levels.length + body.length,
      data_page_header_v2: {
        num_values: rows,
        num_nulls: nulls,
        num_rows: rows,
        encoding,
        definition_levels_byte_length: levels.length,
        repetition_levels_byte_length: 0,
        is_compressed: isPacked,
      },
    },
    levels,
    body,
  };
}

/** `mayStay`: as it is where packing does not pay; only data pages can say that. */
async function packedPage(
  plain: Uint8Array,
  mayStay = false,
): Promise<{ readonly body: Uint8Array; readonly isPacked: boolean }> {
  const body = await packed(plain, { params, chunkSize: Math.max(plain.length + 8192, 64) });
  if (mayStay && body.length >= plain.length * WORTH) {
    freeMemory(body);
    // The batch is filled anew while still columns are kept.
    return { body: plain.slice(), isPacked: false };
  }
  return { body, isPacked: true };
}

/** Parquet's runs: how often a value comes, and the value in whole bytes. */
function runLengths(
  counts: readonly number[],
  valueOf: (at: number) => number,
  valueBytes: number,
): Uint8Array {
  const out = new Uint8Array(counts.length * (5 + valueBytes));
  let end = 0;
  for (const [at, count] of counts.entries()) {
    if (count === 0) continue;
    let head = count * 2;
    for (; head > 127; head = Math.floor(head / 128)) out[end++] = (head % 128) + 128;
    out[end++] = head;
    for (let byte = 0, value = valueOf(at); byte < valueBytes; byte += 1, value >>>= 8)
      out[end++] = value & 0xff;
  }
  return out.subarray(0, end);
}

function bytesOf(numbers: NodeJS.TypedArray): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
