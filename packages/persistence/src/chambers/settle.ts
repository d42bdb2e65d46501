// Reading the chambers back, and putting right what is not as it should be. Both look at the same findings, so what doctor says
// and what a migration mends cannot drift apart; and nothing is locked or rewritten where all is well.
import { failure } from '@stillpoint/core';
import type { Database, ServerFacts, Transaction } from '../database/contract.ts';
import { chamberFacts, roleOf } from './app-role.ts';
import { compareWithCatalog } from './compare.ts';
import type { ChamberFinding, ChamberOptions, ChamberPart } from './contract.ts';
import { readCatalog } from './read-catalog.ts';

/** Changes nothing. Empty: all is as the parts say. */
export async function checkChambers(
  database: Pick<Database, 'query' | 'facts'>,
  parts: readonly ChamberPart[],
  options: ChamberOptions = {},
): Promise<readonly ChamberFinding[]> {
  const { facts } = database;
  const role = roleOf(facts, options);
  const catalog = await readCatalog(database, role);
  return compareWithCatalog(catalog, parts, chamberFacts(facts, options), role);
}

/** After every migration, by its role. CHAMBER_SETTLE_FAILED. */
export async function settleChambers(
  transaction: Transaction,
  parts: readonly ChamberPart[],
  facts: ServerFacts,
  options: ChamberOptions = {},
): Promise<void> {
  const role = roleOf(facts, options);
  const ofChambers = chamberFacts(facts, options);
  const mend = async (about: string, sql: string): Promise<void> => {
    try {
      await transaction.query(sql);
    } catch (error) {
      const reason = (error as Error).message;
      throw failure('CHAMBER_SETTLE_FAILED', { about, reason, sql: `${sql};` }, error);
    }
  };
  for (const part of parts) {
    for (const sql of part.settle?.(ofChambers) ?? []) await mend(`the part "${part.name}"`, sql);
  }
  const look = async (): Promise<readonly ChamberFinding[]> =>
    compareWithCatalog(await readCatalog(transaction, role), parts, ofChambers, role);
  const found = await look();
  for (const finding of found) {
    if (finding.mend !== undefined) await mend(finding.about, finding.mend);
  }
  // A GRANT by somebody who may not is no error to the server, only a notice.
  const left = found.some(({ mend: sql }) => sql !== undefined) ? await look() : [];
  for (const { about, text, severity, mend: sql } of left) {
    if (severity === 'fail' && sql !== undefined)
      throw failure('CHAMBER_SETTLE_FAILED', { about, reason: text, sql: `${sql};` });
  }
}
