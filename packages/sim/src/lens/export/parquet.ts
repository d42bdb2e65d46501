// Rows as a Parquet file: a row group for each batch, in it a page for each column, packed by zstd. The footer is hyparquet-writer's; the
// pages are ours, because ours know which columns repeat (docs/decisions/0039).
import type { ColumnChunk, KeyValue, SchemaElement } from 'hyparquet';
import {
  encodeBatch,
  freePages,
  isStill,
  type EncodedColumn,
  type StillColumns,
} from './parquet-columns.ts';
import { OutputFile } from './output-file.ts';
import { createBatcher, type RowBatch } from './row-batch.ts';
import type { Table } from './tables.ts';
import type { TableWriter } from './table-writer.ts';

export async function createParquet(file: string, table: Table): Promise<TableWriter> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const { writePageHeader } = await import('hyparquet-writer/src/datapage.js');
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaOf(table),
    codec: 'ZSTD',
    createdBy: 'stillpoint',
  });
  const output = await OutputFile.create(file);
  const still: StillColumns = new Map();
  const flush = async (): Promise<void> => {
    await output.write(new Uint8Array(bytes.buffer, 0, bytes.index));
    bytes.index = 0;
  };
  const append = async (column: EncodedColumn): Promise<ColumnChunk> => {
    const startBytes = bytes.offset;
    let plainBytes = 0;
    let dataBytes = startBytes;
    for (const { header, body, levels } of column.pages) {
      if (header.type !== 'DICTIONARY_PAGE') dataBytes = bytes.offset;
      const pageStart = bytes.offset;
      writePageHeader(bytes, header);
      plainBytes += bytes.offset - pageStart + header.uncompressed_page_size;
      bytes.appendBytes(levels);
      bytes.appendBytes(body);
      await flush();
    }
    const { type, name, values, statistics, encodings } = column;
    const hasDictionary = dataBytes !== startBytes;
    return {
      file_offset: BigInt(startBytes),
      meta_data: {
        type,
        encodings,
        path_in_schema: [name],
        codec: 'ZSTD',
        num_values: BigInt(values),
        total_compressed_size: BigInt(bytes.offset - startBytes),
        total_uncompressed_size: BigInt(plainBytes),
        data_page_offset: BigInt(dataBytes),
        ...(hasDictionary && { dictionary_page_offset: BigInt(startBytes) }),
        statistics,
      },
    };
  };
  const writeGroup = async (batch: RowBatch): Promise<void> => {
    const startBytes = bytes.offset;
    const columns: ColumnChunk[] = [];
    for (const column of await encodeBatch(table, batch, still)) {
      columns.push(await append(column));
      if (!isStill(column, still)) freePages(column);
    }
    writer.row_groups.push({
      columns,
      total_byte_size: columns.reduce(
        (sum, one) => sum + one.meta_data!.total_uncompressed_size,
        0n,
      ),
      total_compressed_size: BigInt(bytes.offset - startBytes),
      num_rows: BigInt(batch.rows),
    });
    writer.num_rows += BigInt(batch.rows);
  };
  const batcher = createBatcher(table, writeGroup);
  return {
    add: (frame) => batcher.add(frame),
    async end(facts) {
      await batcher.end();
      writer.kvMetadata = [{ key: 'stillpoint', value: facts } satisfies KeyValue];
      await writer.finish();
      await flush();
      return output.sizeBytes;
    },
    [Symbol.asyncDispose]: () => output[Symbol.asyncDispose](),
  };
}

function schemaOf({ columns, manyRuns }: Table): SchemaElement[] {
  const required = { repetition_type: 'REQUIRED' } as const;
  const leaves: SchemaElement[] = [
    { name: 'tick', type: 'INT64', ...required },
    { name: 'time_seconds', type: 'DOUBLE', ...required },
    { name: 'sample', type: 'INT32', ...required },
    ...columns.map(({ name, type }): SchemaElement => {
      const physical = type === 'float64' ? 'DOUBLE' : 'FLOAT';
      return { name, type: physical, repetition_type: 'OPTIONAL' };
    }),
  ];
  if (manyRuns)
    leaves.unshift({ name: 'run', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...required });
  return [{ name: 'rows', num_children: leaves.length }, ...leaves];
}
