// When the gate is asked: by itself or before a program, by accepting, and within a restore.
import { existsSync } from 'node:fs';
import type { EngineContext } from '../context.ts';
import type { GateVerdict } from './contract.ts';
import { evaluateGate, verdictOf } from './evaluate.ts';

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

/** A restore has begun and not ended: it runs, or nobody could end it yet. */
export function isUnended(engine: EngineContext): boolean {
  return existsSync(engine.state.journalFile);
}

export function halfRestored(why: string): GateVerdict {
  return verdictOf({
    level: 'block',
    rule: 'half-restored',
    subject: 'project',
    what: 'A restore has begun and has not ended.',
    evidence: [why],
    hint: 'Wait for it if it runs. If it died, mend what stands in its way; any stillpoint command then ends it.',
  });
}
