// A world as people read it: what `stillpoint world show` prints.
import { bytesText } from '@stillpoint/core';
import { layoutOf } from '../state/index.ts';
import type { Cadence, Topology, WorldIr } from './contract.ts';

type Row = readonly string[];

/** Tables, one for each part that the world has. */
export function describeWorld(ir: WorldIr): string {
  const { totalBytes } = layoutOf(ir);
  const tables = [
    table('parameters', ['value', 'bounds'], parameterRows(ir)),
    table('signals', ['dtype', 'shape', 'unit'], ir.signals.map(arrayRow)),
    ...ir.entities.map(({ name, capacity, members }) =>
      table(
        `entity ${name}, at most ${capacity}`,
        ['dtype', 'shape', 'unit'],
        members.map(arrayRow),
      ),
    ),
    table('strata', ['runs', 'rewrites'], strataRows(ir)),
    table('eras', ['dt', 'strata', 'next'], eraRows(ir)),
    table('fields', ['shows', 'samples', 'between'], fieldRows(ir)),
    table(
      'assets',
      ['file'],
      ir.assets.map(({ name, path }) => [name, path]),
    ),
  ];
  const title = `${ir.name}, ${bytesText(totalBytes)} a state`;
  return `${[title, ...tables.filter((one) => one !== '')].join('\n\n')}\n`;
}

function parameterRows(ir: WorldIr): readonly Row[] {
  return ir.parameters.map(({ name, value, unit, minimum, maximum }) => {
    const bounds =
      minimum === null && maximum === null ? '' : `${minimum ?? ''} .. ${maximum ?? ''}`.trim();
    return [name, `${value} ${unit}`.trim(), bounds];
  });
}

function arrayRow({ name, dtype, shape, unit }: WorldIr['signals'][number]): Row {
  return [name, dtype, shape.length === 0 ? 'scalar' : shape.join(' x '), unit];
}

function strataRows(ir: WorldIr): readonly Row[] {
  return ir.strata.map(({ name, every, rewrites }) => [
    name,
    everyText(every),
    rewrites.join(', '),
  ]);
}

function everyText(every: number): string {
  return every === 1 ? 'every tick' : `every ${every} ticks`;
}

function eraRows(ir: WorldIr): readonly Row[] {
  return ir.eras.map(({ name, dtSeconds, strata, next }) => {
    const cadences = Object.entries(strata).map(([stratum, one]) => cadenceText(stratum, one));
    const ways = next.map((way) => (way.name === way.to ? way.to : `${way.to} (${way.name})`));
    return [name, `${dtSeconds} s`, cadences.join(', '), ways.join(', ')];
  });
}

function cadenceText(stratum: string, cadence: Cadence): string {
  if (typeof cadence === 'object') return `${stratum} ${everyText(cadence.every)}`;
  return `${stratum} ${cadence}`;
}

function fieldRows(ir: WorldIr): readonly Row[] {
  return ir.fields.map(({ name, from, topology, reconstruction, unit }) => [
    name,
    `${from ?? 'a function'} ${unit}`.trim(),
    topologyText(topology),
    reconstruction,
  ]);
}

function topologyText({ kind, rows, columns, positions }: Topology): string {
  return kind === 'points' ? `at ${positions}` : `${kind} ${rows} x ${columns}`;
}

/** Columns as wide as their widest cell; '' where there are no rows, and no column that is empty all along. */
function table(title: string, head: Row, rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const all = [['', ...head], ...rows];
  const used = all[0]!.map((_, column) => rows.some((row) => (row[column] ?? '') !== ''));
  const widths = all[0]!.map((_, column) =>
    Math.max(...all.map((row) => widthOf(row[column] ?? ''))),
  );
  const lines = all.map((row) => {
    const cells = row.flatMap((cell, column) =>
      used[column] === true ? [cell + ' '.repeat(widths[column]! - widthOf(cell))] : [],
    );
    return `  ${cells.join('  ')}`.trimEnd();
  });
  return [title, ...lines].join('\n');
}

/** Columns of a terminal: letters of East Asia take two. */
function widthOf(text: string): number {
  const wide = text.match(
    /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]/gu,
  );
  return text.length + (wide?.length ?? 0);
}
