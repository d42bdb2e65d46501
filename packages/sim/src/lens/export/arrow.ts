// Rows as an Arrow IPC file: a record batch for each batch of rows.
import type { Data, Field, RecordBatch, Schema } from 'apache-arrow';
import { optionalPeer } from '../../optional-peer.ts';
import { OutputFile } from './output-file.ts';
import { createBatcher, type BatchColumn, type RowBatch } from './row-batch.ts';
import { describedColumns, type Table } from './tables.ts';
import type { TableWriter } from './table-writer.ts';

type Arrow = typeof import('apache-arrow');

/** Throws SIM_PEER_MISSING. */
export async function createArrow(file: string, table: Table): Promise<TableWriter> {
  const arrow = await optionalPeer('apache-arrow', 'Exporting Arrow', () => import('apache-arrow'));
  const output = await OutputFile.create(file);
  const schema = schemaOf(arrow, table);
  const pending: Uint8Array[] = [];
  class Writer extends arrow.RecordBatchFileWriter {
    /** Its own queue holds all that was not read yet: so much may be written that memory does not hold it. */
    protected override _write(chunk: ArrayBufferView): this {
      const { buffer, byteOffset, byteLength } = chunk;
      if (!this._started || byteLength === 0) return this;
      pending.push(new Uint8Array(buffer, byteOffset, byteLength));
      this._position += byteLength;
      return this;
    }
  }
  const writer = new Writer();
  const flush = async (): Promise<void> => {
    for (const bytes of pending) await output.write(bytes);
    pending.length = 0;
  };
  writer.reset(undefined, schema);
  const heads = createHeads();
  const batcher = createBatcher(table, async (batch) => {
    writer.write(recordBatch(arrow, schema, table, batch, heads(batch)));
    await flush();
  });
  return {
    add: (frame) => batcher.add(frame),
    async end(facts) {
      await batcher.end();
      // Readers of files take the schema of the footer, which knows what was damaged.
      schema.metadata.set('stillpoint', facts);
      writer.finish();
      await flush();
      return output.sizeBytes;
    },
    [Symbol.asyncDispose]: () => output[Symbol.asyncDispose](),
  };
}

function schemaOf({ Field, Float32, Float64, Int32, Int64, Schema, Utf8 }: Arrow, table: Table) {
  const described = describedColumns(table);
  const fields: Field[] = [
    new Field('tick', new Int64(), false),
    new Field('time_seconds', new Float64(), false, new Map([['unit', 's']])),
    new Field('sample', new Int32(), false),
    ...table.columns.map(({ name, type }, at) => {
      const facts = Object.entries(described[at]!).filter(([key]) => key !== 'name');
      const metadata = new Map(facts.map(([key, value]) => [key, String(value)]));
      return new Field(name, type === 'float64' ? new Float64() : new Float32(), true, metadata);
    }),
  ];
  if (table.manyRuns) fields.unshift(new Field('run', new Utf8(), false));
  return new Schema(fields, new Map<string, string>());
}

function recordBatch(
  { makeData, Float64, Int32, Int64, RecordBatch, Struct, Utf8 }: Arrow,
  schema: Schema,
  table: Table,
  { run, rows, columns }: RowBatch,
  { ticks, times, samples }: Heads,
): RecordBatch {
  const children: Data[] = [
    makeData({ type: new Int64(), length: rows, data: ticks }),
    makeData({ type: new Float64(), length: rows, data: times }),
    makeData({ type: new Int32(), length: rows, data: samples }),
  ];
  const before = children.length + (table.manyRuns ? 1 : 0);
  if (table.manyRuns) {
    const text = Buffer.from(run);
    const valueOffsets = Int32Array.from({ length: rows + 1 }, (_, at) => at * text.length);
    const data = Buffer.alloc(rows * text.length, text);
    children.unshift(makeData({ type: new Utf8(), length: rows, valueOffsets, data }));
  }
  for (const [at, column] of columns.entries()) {
    const type = schema.fields[before + at]!.type as InstanceType<Arrow['Float64']>;
    children.push(makeData({ type, length: rows, ...spread(column, rows) }));
  }
  const type = new Struct(schema.fields);
  return new RecordBatch(schema, makeData({ type, length: rows, nullCount: 0, children }));
}

/** When each row is, and which sample. */
interface Heads {
  readonly ticks: BigInt64Array<ArrayBuffer>;
  readonly times: Float64Array<ArrayBuffer>;
  readonly samples: Int32Array<ArrayBuffer>;
}

/** In the same memory for each batch: one is written before the next is made. */
function createHeads(): (batch: RowBatch) => Heads {
  let memory: Heads = {
    ticks: new BigInt64Array(),
    times: new Float64Array(),
    samples: new Int32Array(),
  };
  return ({ rows, segments }) => {
    if (memory.ticks.length < rows)
      memory = {
        ticks: new BigInt64Array(rows),
        times: new Float64Array(rows),
        samples: new Int32Array(rows),
      };
    const { ticks, times, samples } = memory;
    let row = 0;
    for (const { tick, timeSeconds, firstSample, rows: count } of segments) {
      ticks.fill(BigInt(tick), row, row + count);
      times.fill(timeSeconds, row, row + count);
      for (let at = 0; at < count; at += 1) samples[row + at] = firstSample + at;
      row += count;
    }
    return {
      ticks: ticks.subarray(0, rows),
      times: times.subarray(0, rows),
      samples: samples.subarray(0, rows),
    };
  };
}

/** Numbers at their rows, and a bit for each that there is. */
function spread(
  { numbers, filled, runs }: BatchColumn,
  rows: number,
): {
  readonly data: Float64Array<ArrayBuffer>;
  readonly nullBitmap?: Uint8Array;
  readonly nullCount: number;
} {
  // The types of Arrow name one of the two.
  const present = numbers.subarray(0, filled) as Float64Array<ArrayBuffer>;
  if (filled === rows) return { data: present, nullCount: 0 };
  const data = numbers instanceof Float64Array ? new Float64Array(rows) : new Float32Array(rows);
  const nullBitmap = new Uint8Array(Math.ceil(rows / 8));
  let [row, from] = [0, 0];
  for (const [at, count] of runs.entries()) {
    if (at % 2 === 0) {
      data.set(numbers.subarray(from, from + count), row);
      for (let one = row; one < row + count; one += 1) nullBitmap[one >> 3]! |= 1 << (one & 7);
      from += count;
    }
    row += count;
  }
  return { data: data as Float64Array<ArrayBuffer>, nullBitmap, nullCount: rows - filled };
}
