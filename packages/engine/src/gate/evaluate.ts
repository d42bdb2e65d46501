// The verdict: everything that was found, the worst first, and the stamps that follow from it.
import { isFailure } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import { compareCode } from './compare-code.ts';
import { compareLedgers, type LedgerComparison } from './compare-ledgers.ts';
import { compareLock } from './compare-lock.ts';
import type { GateDatabase, GateFinding, GateVerdict } from './contract.ts';
import { lookAt, type Database, type Look } from './look.ts';
import { partsOf, type SealPart } from '../project/index.ts';
import { formatStamp, saysTheSame, type Stamp } from './stamp.ts';

export interface EvaluateOptions {
  /** Writes the stamps that differ, unless something blocks. */
  readonly stamp: boolean;
  readonly signal: AbortSignal;
}

/** The caller knows that no restore is under way. Throws what databases and repositories throw that cannot be read. */
export async function evaluateGate(
  engine: EngineContext,
  { stamp, signal }: EvaluateOptions,
): Promise<GateVerdict> {
  await using look = await lookAt(engine, signal);
  const { findings } = await judge(look);
  const blocked = findings.some(({ level }) => level === 'block');
  if (!stamp || blocked) return verdict(look, findings, new Set());
  const stamped = new Set<Database>();
  for (const database of look.databases) {
    try {
      if (await writeStamp(engine, look, database, [])) stamped.add(database);
    } catch (error) {
      if (!isFailure(error, 'STAMP_NOT_WRITABLE')) throw error;
      findings.push({
        level: 'warn',
        rule: 'stamp-not-written',
        subject: database.label,
        what: 'It cannot be told which code uses it.',
        evidence: [error.message],
        hint: error.hint,
      });
    }
  }
  return verdict(look, findings, stamped);
}

/**
 * Takes code and data as they are: stamps every database with the checkout and forgets a broken seal. The verdict afterwards.
 * Throws STAMP_NOT_WRITABLE: what cannot be written down would be blocked again.
 */
export async function acceptState(
  engine: EngineContext,
  signal: AbortSignal,
): Promise<GateVerdict> {
  {
    await using look = await lookAt(engine, signal);
    const { unknown } = await judge(look);
    for (const database of look.databases) {
      await writeStamp(engine, look, database, unknown.get(database) ?? []);
    }
  }
  await engine.state.clearBrokenSeal();
  return await evaluateGate(engine, { stamp: false, signal });
}

async function judge(
  look: Look,
): Promise<{ findings: GateFinding[]; unknown: LedgerComparison['unknown'] }> {
  const [code, ledgers, lock] = await Promise.all([
    compareCode(look),
    compareLedgers(look),
    compareLock(look),
  ]);
  const findings = [...code, ...ledgers.findings, ...lock, ...missing(look), ...brokenSeal(look)];
  return { findings, unknown: ledgers.unknown };
}

function missing({ checkout }: Look): GateFinding[] {
  return checkout.missing.map((path) => ({
    level: 'warn',
    rule: 'member-missing',
    subject: path,
    what: 'There is no repository.',
    evidence: [],
    hint: 'Clone it again, or bring it back: stillpoint restore',
  }));
}

function brokenSeal({ brokenSeal: seal }: Look): GateFinding[] {
  if (seal === undefined) return [];
  return [
    {
      level: 'warn',
      rule: 'broken-seal',
      subject: [...new Set(partsOf(seal).flatMap(({ sources }) => sources))].join(', '),
      what: 'What is here is not of one moment.',
      evidence: partsOf(seal).map(partText),
      hint: 'A restore of everything seals it again; stillpoint gate --accept takes it as it is.',
    },
  ];
}

function partText({ snapshot, sources, at, stayed = [] }: SealPart): string {
  const what = `${sources.join(', ')} restored alone, from ${snapshot}, on ${at}`;
  return stayed.length === 0 ? what : `${what}; ${stayed.join(', ')} stayed as it was`;
}

/** False when the database says so already. */
async function writeStamp(
  engine: EngineContext,
  { checkout, lock }: Look,
  database: Database,
  accepted: readonly string[],
): Promise<boolean> {
  const before = database.stamp;
  // Of a member that is not there now what was known stays known.
  const absent = (before?.members ?? []).filter(({ path }) => checkout.missing.includes(path));
  const present = checkout.members.map(({ path, head }) => ({ path, commit: head }));
  const stamp: Stamp = {
    format: 1,
    project: engine.state.id,
    at: engine.clock.now().toISOString(),
    members: [...present, ...absent].toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    schemaDigest: database.schemaDigest,
    lockfile: lock?.signature ?? null,
    accepted: [...new Set([...(before?.accepted ?? []), ...accepted])].toSorted(),
  };
  if (before !== undefined && saysTheSame(before, stamp)) return false;
  await database.view.writeStamp(formatStamp(stamp));
  return true;
}

function verdict(
  { checkout, databases }: Look,
  findings: readonly GateFinding[],
  stamped: ReadonlySet<Database>,
): GateVerdict {
  return {
    ...sorted(findings),
    members: checkout.members.map(({ path, head }) => ({ path, commit: head })),
    databases: databases.map((database): GateDatabase => {
      const { source, view, stamp } = database;
      return {
        source,
        name: view.name,
        stampedAt: stamp?.at ?? null,
        stamped: stamped.has(database),
      };
    }),
  };
}

/** Of a project that could not be looked at: there is only this to say. */
export function verdictOf(finding: GateFinding): GateVerdict {
  return { ...sorted([finding]), members: [], databases: [] };
}

function sorted(findings: readonly GateFinding[]): Pick<GateVerdict, 'level' | 'findings'> {
  const worstFirst = findings.toSorted(
    (a, b) => Number(b.level === 'block') - Number(a.level === 'block'),
  );
  return { level: worstFirst[0]?.level ?? 'pass', findings: worstFirst };
}
