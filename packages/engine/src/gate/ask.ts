// When the gate is asked: by a command before programs start, and within a restore.
import { existsSync } from 'node:fs';
import { isFailure } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import type { GateVerdict } from './contract.ts';
import { evaluateGate, verdictOf, type EvaluateOptions } from './evaluate.ts';

/** Does the work with the lease, after what a dead process left was ended. */
export type Exclusively = (work: () => Promise<GateVerdict>) => Promise<GateVerdict>;

/**
 * The verdict before programs start. A snapshot that is being taken keeps nobody from starting: the participant that it resumes
 * may be just this program. A restore does.
 */
export async function askGate(
  engine: EngineContext,
  options: EvaluateOptions,
  exclusively: Exclusively,
): Promise<GateVerdict> {
  try {
    return await exclusively(() => evaluateGate(engine, options));
  } catch (error) {
    if (isFailure(error, 'RESTORE_STUCK')) return halfRestored(error.message);
    if (!isFailure(error, 'LEASE_HELD')) throw error;
    const verdict = isUnended(engine) ? undefined : await evaluateGate(engine, options);
    // One may have begun while we looked.
    return verdict === undefined || isUnended(engine) ? halfRestored(error.message) : verdict;
  }
}

/** Nothing that a restore holds everybody out for waits longer. */
const afterRestoreMs = 10_000;

/**
 * After a restore, with everybody still held: what was brought back is what was captured, so the verdict is told and never
 * takes the restore back. Never rejects.
 */
export async function gateAfterRestore(engine: EngineContext): Promise<GateVerdict> {
  try {
    const signal = AbortSignal.timeout(afterRestoreMs);
    return await evaluateGate(engine, { stamp: false, signal });
  } catch (error) {
    return verdictOf({
      level: 'warn',
      rule: 'not-evaluated',
      subject: engine.config.projectDirectory,
      what: 'The restore is done, but the gate could not be asked.',
      evidence: [error instanceof Error ? error.message : String(error)],
      hint: 'Ask it again: stillpoint gate',
    });
  }
}

function isUnended(engine: EngineContext): boolean {
  return existsSync(engine.state.journalFile);
}

function halfRestored(why: string): GateVerdict {
  return verdictOf({
    level: 'block',
    rule: 'half-restored',
    subject: 'project',
    what: 'A restore has begun and has not ended.',
    evidence: [why],
    hint: 'Wait for it if it runs. If it died, mend what stands in its way; any stillpoint command then ends it.',
  });
}
