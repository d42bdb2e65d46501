// Rows of SQL as people and programs read them, written as they come: a table, comma-separated values, or one JSON document.
import type { LensSqlAnswer, LensSqlColumn, LensSqlValue } from '@stillpoint/sim';
import { plainText } from '../../output/plain-text.ts';
import { widthOf } from '../../output/style.ts';
import { numberText } from '../checkpoint/numbers-text.ts';

type Write = (text: string) => Promise<void>;

/** The first rows say how wide columns are. Returns how many rows there were. */
export async function rowsAsTable(write: Write, answer: LensSqlAnswer): Promise<number> {
  const { columns } = answer;
  let widths: readonly number[] | undefined;
  let count = 0;
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => {
        const space = ' '.repeat(Math.max(0, widths![at]! - widthOf(cell)));
        return isNumber(columns[at]!) ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  const titles = columns.map(({ name }) => plainText(name).toUpperCase());
  for await (const batch of answer) {
    const texts = batch.map((row) => row.map(cellText));
    const isFirst = widths === undefined;
    widths ??= titles.map((title, at) =>
      texts.reduce((most, row) => Math.max(most, widthOf(row[at]!)), widthOf(title)),
    );
    const lines = isFirst ? [titles, ...texts] : texts;
    await write(lines.map((cells) => `${line(cells)}\n`).join(''));
    count += batch.length;
  }
  return count;
}

export async function rowsAsCsv(write: Write, answer: LensSqlAnswer): Promise<void> {
  await write(`${answer.columns.map(({ name }) => csvText(name)).join(',')}\n`);
  for await (const batch of answer)
    await write(batch.map((row) => `${row.map(csvCell).join(',')}\n`).join(''));
}

/** One object a row. */
export async function rowsAsJson(
  write: Write,
  answer: LensSqlAnswer,
  damaged: ReadonlySet<string>,
): Promise<void> {
  const { columns } = answer;
  await write(`{"columns":${JSON.stringify(columns)},"rows":[`);
  const names = columns.map(({ name }) => JSON.stringify(name));
  let before = '';
  for await (const batch of answer) {
    const rows = batch.map(
      (row) => `{${row.map((value, at) => `${names[at]!}:${jsonText(value)}`).join(',')}}`,
    );
    await write(`${before}${rows.join(',')}`);
    before = ',';
  }
  await write(`],"damaged":${JSON.stringify([...damaged])}}\n`);
}

function isNumber({ type }: LensSqlColumn): boolean {
  return /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|BIGNUM)$/.test(type);
}

function cellText(value: LensSqlValue): string {
  if (value === null) return '';
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return '–';
    return Number.isSafeInteger(value) ? String(value) : numberText(value);
  }
  return plainText(textOf(value));
}

/** Nothing is null; a text without letters is quoted. */
function csvCell(value: LensSqlValue): string {
  return value === null ? '' : csvText(textOf(value));
}

function csvText(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function textOf(value: LensSqlValue): string {
  return typeof value === 'object' && !(value instanceof Uint8Array)
    ? jsonText(value)
    : String(plainJson(value));
}

function jsonText(value: LensSqlValue): string {
  return JSON.stringify(value, (_, one: unknown) => plainJson(one as LensSqlValue));
}

/**
 * JSON has no NaN, nothing infinite, and no whole numbers that every reader takes above 2^53: null, and the others as text. Bytes are
 * base64.
 */
function plainJson(value: LensSqlValue): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    return Number.isNaN(value) ? null : String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}
