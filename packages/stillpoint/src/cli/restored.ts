// What restore and undo say when they are done.
import type { ResolvedConfig, RestoreResult } from '@stillpoint/engine';
import { millisecondsText } from '../output/units.ts';
import type { CommandContext } from './context.ts';
import { refuseIfBlocked, verdictLines } from './gate.ts';

/** Throws GATE_BLOCKED when all is said: the restore is done and stays, but nothing should start on it. */
export function showRestored(context: CommandContext, restored: RestoreResult): void {
  const { output } = context;
  output.result(restored);
  for (const proof of restored.proofs) {
    for (const check of proof.checks)
      output.say(`  ${output.talkStyle.green('proved')} ${proof.source}: ${check}`);
  }
  for (const kept of restored.kept) output.say(`  kept ${kept}`);
  const closed =
    restored.undo === null ? '' : `, closed for ${millisecondsText(restored.closedMs)}`;
  const undo = restored.undo === null ? '' : ` Undo point: ${output.style.bold(restored.undo)}.`;
  const head = `Restored ${output.style.bold(restored.snapshot)}`;
  const where = restored.undo === null ? ` into ${restored.directory}` : '';
  output.data(`${head}${where} in ${millisecondsText(restored.durationMs)}${closed}.${undo}`);
  if (restored.gate.level !== 'pass') {
    for (const line of verdictLines(restored.gate, output.talkStyle)) output.say(line);
  }
  refuseIfBlocked(restored.gate, 'the restore is done and stays as it was captured');
  const { brokenSeal } = restored;
  if (brokenSeal === null) return;
  const came = [...(brokenSeal.earlier ?? []), brokenSeal].map(
    ({ sources, snapshot }) => `${sources.join(', ')} came from ${snapshot}`,
  );
  output.warn(
    `The seal is broken: ${came.join(', ')}, the rest is from another moment. A whole restore or undo mends it.`,
  );
}

export function suggestNext(
  { output }: CommandContext,
  { undo, directory }: RestoreResult,
  { sources }: ResolvedConfig,
): void {
  if (undo !== null) output.next('stillpoint undo', 'To take the restore back');
  else if (sources.some(({ driver }) => driver === 'postgres')) {
    output.next(`stillpoint --project ${directory} db start`, 'To start its database');
  } else output.next(`stillpoint --project ${directory} doctor`, 'To look at it');
}
