// What restore and undo say before they ask.
import type { RestorePlan } from '@stillpoint/engine';
import { bytesText, momentText } from '../output/units.ts';

export function showPlan(plan: RestorePlan, write: (line: string) => void): void {
  const { id, name, createdAt } = plan.snapshot;
  const which = name === null ? '' : `${id}, `;
  write(`Restoring ${name ?? id} (${which}taken ${momentText(new Date(createdAt))}) changes:`);
  for (const change of plan.changes) {
    write(`  ${change.source}: ${change.summary}`);
    // What the summary says already is not said again.
    const more = change.details.filter((detail) => !change.summary.includes(detail));
    for (const detail of more) write(`    ${detail}`);
  }
  if (plan.changes.length === 0) write('  nothing');
  for (const { member, command } of plan.rebuilds) {
    write(`  ${member}: its dependencies change, so after the switch it is rebuilt: ${command}`);
  }
  for (const warning of plan.warnings) write(`  warning: ${warning}`);
  write(`  It needs about ${bytesText(plan.bytesNeeded)} while it is prepared.`);
}
