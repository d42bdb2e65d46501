// The databases of a diff in words: tables, what shapes them, rows.
import path from 'node:path';
import type {
  DatabaseDiff,
  FromTo,
  NamedChanges,
  RowChange,
  RowsDiff,
  TableDiff,
} from '@stillpoint/engine';
import { shorten } from '../../output/style.ts';
import { bytesText, countText } from '../../output/units.ts';
import { countsText, SIGNS, type Page } from './page.ts';

/** A value longer than this is cut; JSON has it whole. */
const VALUE_COLUMNS = 40;

export function databaseLines(database: DatabaseDiff, page: Page): readonly string[] {
  const { state, tables, count, bytes } = database;
  if (state === 'same' || state === 'unknown') return [];
  const { style, line } = page;
  const what =
    state === 'changed'
      ? differText(tables.length)
      : `${state}, ${countText(Math.max(count.from, count.to), 'table')}`;
  const lines = [line(2, `database ${nameText(database.name)}: ${what}${sizeText(bytes)}`)];
  for (const table of tables) lines.push(...tableLines(table, page));
  if (database.otherSchemaChange) {
    const words =
      'the schema differs in what tables do not show: constraints, defaults, views, functions';
    lines.push(line(4, `~ ${words}`, style.yellow));
  }
  return lines;
}

/** A file of SQLite goes by its path. */
function nameText(name: string): string {
  return path.isAbsolute(name) ? path.basename(name) : name;
}

function differText(count: number): string {
  if (count === 0) return 'the same tables';
  return count === 1 ? 'one table differs' : `${count} tables differ`;
}

function sizeText({ from, to }: FromTo<number | null>): string {
  if (from === null || to === null) return from === to ? '' : `, ${bytesText(from ?? to ?? 0)}`;
  return from === to ? '' : `, ${bytesText(from)} → ${bytesText(to)}`;
}

function tableLines(table: TableDiff, page: Page): readonly string[] {
  const { style, line } = page;
  const { sign, paint } = SIGNS[table.state];
  const name = table.schema === null ? table.name : `${table.schema}.${table.name}`;
  const rows = table.rows === null ? '' : rowsText(table.rows);
  const lines = [line(4, `${sign} ${name}${rows === '' ? '' : `: ${rows}`}`, paint(style))];
  if (table.state !== 'changed') return lines;
  lines.push(
    ...namedLines('column', table.columns, page),
    ...namedLines('index', table.indexes, page),
  );
  if (table.key !== null) {
    const { from, to } = table.key;
    const words = `primary key ${keyNames(from)} → ${keyNames(to)}`;
    lines.push(line(6, `~ ${words}`, style.yellow));
  }
  for (const sample of table.rows?.samples ?? []) lines.push(sampleLine(sample, page));
  return lines;
}

function keyNames(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

function namedLines(kind: string, changes: NamedChanges, { style, line }: Page): readonly string[] {
  const { added, removed, changed } = changes;
  return [
    ...added.map((one) => line(6, `+ ${kind} ${one.name} ${one.definition}`, style.green)),
    ...removed.map((one) => line(6, `- ${kind} ${one.name} ${one.definition}`, style.red)),
    ...changed.map(({ name, from, to }) =>
      line(6, `~ ${kind} ${name} ${from} → ${to}`, style.yellow),
    ),
  ];
}

function rowsText({ count, oneIn, ...counts }: RowsDiff): string {
  if (count.from === null || count.to === null) {
    return countText(count.from ?? count.to ?? 0, 'row');
  }
  const total =
    count.from === count.to
      ? countText(count.to, 'row')
      : `${count.from} → ${countText(count.to, 'row')}`;
  if (oneIn === null) return `${total}, not compared: they cannot be told apart by the same key`;
  const found = countsText(counts);
  if (oneIn === 1) return found === '' ? total : `${total}, ${found}`;
  return `${total}, about 1 in ${oneIn} rows compared: ${found === '' ? 'no difference' : found}`;
}

function sampleLine(sample: RowChange, { style, line }: Page): string {
  const { sign, paint } = SIGNS[sample.state];
  const key = Object.entries(sample.key).map(([name, value]) => `${name}=${keyText(value)}`);
  const columns = Object.entries(sample.columns).map(([name, { from, to }]) => {
    if (from !== undefined && to !== undefined) {
      return `${name}: ${valueText(from)} → ${valueText(to)}`;
    }
    return `${name}=${valueText(from ?? to ?? null)}`;
  });
  const text = [key.join(' '), columns.join(sample.state === 'changed' ? ', ' : ' ')];
  return line(6, `${sign} row ${text.filter(Boolean).join('  ')}`, paint(style));
}

function valueText(value: string | null): string {
  return value === null ? 'NULL' : `'${shorten(value, VALUE_COLUMNS)}'`;
}

/** Most keys are numbers or ids, which need no quotes. */
function keyText(value: string | null): string {
  return value !== null && /^[\w.:-]{1,40}$/.test(value) ? value : valueText(value);
}
