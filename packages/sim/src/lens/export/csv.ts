// Rows as comma-separated values (RFC 4180): every digit of a number, `NaN`, `Infinity`; nothing where there is no sample.
import { OutputFile } from './output-file.ts';
import type { Table } from './tables.ts';
import type { TableWriter } from './table-writer.ts';

/** Written at a time. */
const CHARACTERS = 64 * 1024;

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
  const buffer = Buffer.allocUnsafeSlow(CHARACTERS * 4);
  const flush = async (): Promise<void> => {
    // Memory of each piece would be garbage faster than it is collected.
    const fits = text.length * 3 <= buffer.length;
    await output.write(fits ? buffer.subarray(0, buffer.write(text)) : Buffer.from(text));
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
