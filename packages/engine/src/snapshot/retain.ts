// Forgetting by rules: this project's snapshots are judged, those that no rule keeps are forgotten like any that a person names. Other
// projects in the same vault, and snapshots that cannot be read, are not touched.
import { failure } from '@stillpoint/core';
import type { RetainResult } from '../api.ts';
import type { ResolvedRetention } from '../config/index.ts';
import type { EngineContext } from '../context.ts';
import { forgetSnapshots } from './forget.ts';
import { summarize } from './manifest.ts';
import { hasRules, judgeSnapshots } from './retention.ts';

export interface RetainOptions {
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** RETENTION_KEEPS_NOTHING, and what forgetSnapshots() throws: nothing is forgotten then. */
export async function retainSnapshots(
  { catalogue, vault, state, ...engine }: EngineContext,
  policy: ResolvedRetention,
  { dryRun, signal }: RetainOptions,
): Promise<RetainResult> {
  if (!hasRules(policy)) throw failure('RETENTION_KEEPS_NOTHING', {});
  const { sealed } = await catalogue.list(signal);
  const own = sealed.filter(({ manifest }) => manifest.project.id === state.id);
  const held = await vault.within(signal).holds();
  const judged = judgeSnapshots(own, policy, { held, undo: (await state.readUndo())?.undo });
  const going = judged.filter(({ reasons }) => reasons.length === 0);
  const refs = going.map(({ one }) => one.manifest.id);
  const context = { ...engine, catalogue, vault, state };
  const options = { dryRun, undoPoint: false, last: false, signal };
  if (refs.length > 0) await forgetSnapshots(context, refs, options);
  return {
    kept: judged
      .filter(({ reasons }) => reasons.length > 0)
      .map(({ one, reasons }) => ({ snapshot: summarize(one, held), reasons })),
    forgotten: going.map(({ one }) => summarize(one, held)),
    done: !dryRun,
  };
}
