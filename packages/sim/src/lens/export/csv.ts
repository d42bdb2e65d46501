// Rows as comma-separated values (RFC 4180): every digit of a number, `NaN`, `Infinity`; nothing where there is no sample.
import { OutputFile } from './output-file.ts';
import type { Table } from './tables.ts';
import type { TableWriter } from './table-writer.ts';

/** Written at a time. */
const CHARACTERS = 256 * 1024;

export async function createCsv(file: string, table: Table): Promise<TableWriter> {
  const output = await OutputFile.create(file);
  const titles = [
    ...(table.manyRuns ? ['run'] : []),
    'tick',
    'time_seconds',
    'sample',
    ...table.columns.map(({ name }) => name),
  ];
  let text = `${titles.map(quoted).join(',')}\n`;
  const flush = async (): Promise<void> => {
    await output.write(Buffer.from(text));
    text = '';
  };
  return {
    async add({ run, tick, timeSeconds, rows, cells }) {
      const head = `${table.manyRuns ? `${quoted(run)},` : ''}${tick},${timeSeconds},`;
      for (let row = 0; row < rows; row += 1) {
        text += head + row;
        for (const { numbers, at, step, count } of cells)
          text += row < count ? `,${numbers[row * step + at]}` : ',';
        text += '\n';
        if (text.length > CHARACTERS) await flush();
      }
    },
    async end() {
      await flush();
      return output.sizeBytes;
    },
    [Symbol.asyncDispose]: () => output[Symbol.asyncDispose](),
  };
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
