// Lays three moments side by side: the still point, the mess, and what came back.
import type { Output } from '../../output/output.ts';
import { renderTable } from '../../output/table.ts';
import type { Facts } from './measure.ts';

export interface Comparison {
  readonly what: string;
  readonly captured: string;
  readonly broken: string;
  readonly restored: string;
  readonly equal: boolean;
}

export function compare(captured: Facts, broken: Facts, restored: Facts): readonly Comparison[] {
  return [...captured].map(([what, value]) => {
    const now = restored.get(what) ?? '';
    return {
      what,
      captured: value,
      broken: broken.get(what) ?? '',
      restored: now,
      equal: value === now,
    };
  });
}

export function showComparison(comparisons: readonly Comparison[], output: Output): void {
  const { style } = output;
  const columns = [
    { title: '   WHAT' },
    { title: 'AT THE STILL POINT', shrink: true },
    { title: 'AFTER THE AGENT', shrink: true, paint: style.red },
    { title: 'RESTORED', shrink: true, paint: style.green },
    { title: '' },
  ];
  const rows = comparisons.map((entry) => [
    `   ${entry.what}`,
    entry.captured,
    entry.broken === entry.captured ? '' : entry.broken,
    entry.restored,
    entry.equal ? style.green('equal') : style.red('DIFFERS'),
  ]);
  for (const line of renderTable(columns, rows, { width: output.width, style })) output.data(line);
}
