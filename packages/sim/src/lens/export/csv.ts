// Rows as comma-separated values (RFC 4180): every digit of a number, `NaN`, `Infinity`; nothing where there is no sample.
import { OutputFile } from './output-file.ts';
import type { Cells, Table } from './tables.ts';
import type { TableWriter } from './table-writer.ts';

/** Written at a time. */
const BUFFER_BYTES = 256 * 1024;
/** Put together at a time: so few that they are garbage before V8 gives them more room. */
const CHARACTERS = 1024;
/** Places that are kept as text: some MB. */
const MOST_KNOWN = 32 * 1024;

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
  // Memory of each piece would be garbage faster than it is collected.
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  let filled = 0;
  const flush = async (): Promise<void> => {
    await output.write(buffer.subarray(0, filled));
    filled = 0;
  };
  const put = async (): Promise<void> => {
    const mostBytes = text.length * 3;
    if (mostBytes > buffer.length - filled) await flush();
    if (mostBytes > buffer.length) await output.write(Buffer.from(text));
    else filled += buffer.write(text, filled);
    text = '';
  };
  // Where samples stay, their places are the same text in every frame: most of the digits of a row.
  const stillAxes = table.places.filter(({ still }) => still !== null).length;
  const known: string[] = [];
  const placeOf = (row: number, cells: readonly Cells[]): string => {
    const before = known[row];
    if (before !== undefined) return before;
    let place = String(row);
    for (const one of cells.slice(0, stillAxes)) place += cellOf(one, row);
    if (row < MOST_KNOWN) known[row] = place;
    return place;
  };
  return {
    async add({ run, tick, timeSeconds, rows, cells }) {
      const head = `${table.manyRuns ? `${quoted(run)},` : ''}${tick},${timeSeconds},`;
      const numbers = cells.slice(stillAxes);
      for (let row = 0; row < rows; row += 1) {
        text += head + placeOf(row, cells);
        for (const one of numbers) text += cellOf(one, row);
        text += '\n';
        if (text.length > CHARACTERS) await put();
      }
    },
    async end() {
      await put();
      await flush();
      return output.sizeBytes;
    },
    [Symbol.asyncDispose]: () => output[Symbol.asyncDispose](),
  };
}

/** Nothing where there is no sample. */
function cellOf({ numbers, at, step, count }: Cells, row: number): string {
  return row < count ? `,${numbers[row * step + at]}` : ',';
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
