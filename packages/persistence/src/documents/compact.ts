// Removing old versions by a rule, when somebody asks for it. The latest of a run is always among the last ones, and stays.
import type { Database, Transaction } from '../database/contract.ts';
import type { CompactAllOptions, Compacted, Keep } from './contract.ts';

const PAGE_RUNS = 200;

const old = `documents.version <= runs.version - $2 AND ($3::int IS NULL OR documents.version % $3::int <> 0)`;

export async function compactRun(
  transaction: Transaction,
  runId: string,
  keep: Keep,
  dryRun: boolean,
): Promise<readonly number[]> {
  const values = [runId, ...ruleOf(keep)];
  const text = dryRun
    ? `SELECT documents.version FROM public.state_documents AS documents JOIN public.state_runs AS runs USING (run)
       WHERE run = $1 AND ${old}`
    : `DELETE FROM public.state_documents AS documents USING public.state_runs AS runs
       WHERE documents.run = $1 AND runs.run = $1 AND ${old} RETURNING documents.version`;
  const { rows } = await transaction.query<{ readonly version: number }>(text, values);
  return rows.map(({ version }) => version).toSorted((a, b) => a - b);
}

export async function compactAllRuns(
  database: Database,
  keep: Keep,
  { signal, onProgress }: CompactAllOptions,
): Promise<Compacted> {
  const rule = ruleOf(keep);
  let soFar: Compacted = { runs: 0, versions: 0 };
  for (let after = ''; ;) {
    signal?.throwIfAborted();
    const page = await database.query<{ readonly run: string }>(
      `SELECT run FROM public.state_runs WHERE run > $1 ORDER BY run LIMIT ${PAGE_RUNS}`,
      [after],
    );
    const names = page.rows.map(({ run }) => run);
    const last = names.at(-1);
    if (last === undefined) return soFar;
    const removed = await database.transaction(
      (transaction) =>
        transaction.query(
          `DELETE FROM public.state_documents AS documents USING public.state_runs AS runs
           WHERE documents.run = runs.run AND runs.run = ANY ($1) AND ${old}`,
          [names, ...rule],
        ),
      signal === undefined ? {} : { signal },
    );
    soFar = { runs: soFar.runs + names.length, versions: soFar.versions + removed.rowCount };
    onProgress?.(soFar);
    after = last;
  }
}

function ruleOf({ last, every }: Keep): readonly [last: number, every: number | null] {
  for (const count of [last, every ?? 1])
    if (!Number.isSafeInteger(count) || count < 1)
      throw new TypeError('keep.last and keep.every are whole numbers from 1 on');
  return [last, every ?? null];
}
