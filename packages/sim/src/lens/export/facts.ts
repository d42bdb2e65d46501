// What goes along with the numbers: of which runs they are, what the columns mean, what is missing.
import type { LensField } from '../contract.ts';
import { precisionText } from '../precision.ts';
import type { ExportedRun, ExportProgress } from './contract.ts';
import { describedColumns, type Table } from './tables.ts';

/** Of a table. JSON; normative in docs/format/lens-export.md. */
export function factsOf(
  runs: readonly ExportedRun[],
  progress: ExportProgress,
  table: Table,
): string {
  return JSON.stringify({
    version: 1,
    table: table.name,
    columns: describedColumns(table),
    fields: table.fields.map(describedField),
    runs: runs.map((run) => describedRun(run, progress)),
  });
}

export function describedField({ precision, ...field }: LensField): object {
  return { ...field, precision: precisionText(precision) };
}

export function describedRun(
  { runId, world, createdAt, dropped }: ExportedRun,
  progress: ExportProgress,
): object {
  return { runId, world, createdAt, dropped, damaged: progress.damagedIn(runId) };
}
