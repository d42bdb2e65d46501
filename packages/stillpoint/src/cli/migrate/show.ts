// What a person sees of migrations before they are applied: the SQL of a dry run, or an outline of it with the losses.
import type { Loss, MigrationStep } from '@stillpoint/persistence';
import { plainText } from '../../output/plain-text.ts';
import type { Style } from '../../output/style.ts';
import { countText } from '../../output/units.ts';
import type { CommandContext } from '../context.ts';

/** On stdout, as a script that could be run. */
export function showSql(
  { output }: CommandContext,
  steps: readonly MigrationStep[],
  parts: readonly string[],
): void {
  if (parts.length > 0) output.say(partsText(parts));
  for (const { name, committed, statements, losses } of steps) {
    output.data(output.style.dim(`-- ${name}${committed ? '' : ' (new)'}`));
    for (const loss of losses) output.say(lossText(loss, output.talkStyle));
    for (const statement of statements) {
      const lines = statement.replaceAll('\t', '  ').split('\n');
      const text = lines.map(plainText).join('\n');
      output.data(/;\s*$/.test(text) ? text : `${text};`);
    }
  }
}

export function showOutlook(
  { output }: CommandContext,
  steps: readonly MigrationStep[],
  parts: readonly string[],
): void {
  const { talkStyle } = output;
  if (parts.length > 0) output.say(partsText(parts));
  for (const { name, committed, statements, losses } of steps) {
    const how = `${countText(statements.length, 'statement')}${committed ? '' : ', new'}`;
    output.say(`  ${talkStyle.bold(name)}  ${how}`);
    for (const loss of losses) output.say(lossText(loss, talkStyle));
  }
}

export function lossText({ what, owner, name, accepted }: Loss, style: Style): string {
  const yes = accepted ? '' : ` ${style.dim(`--accept "${plainText(name)}"`)}`;
  return `    ${style.yellow('loss')}  ${plainText(what)} (${plainText(owner)})${yes}`;
}

function partsText(parts: readonly string[]): string {
  return `To be set up: the tables of ${parts.join(', ')}.`;
}
