// What the lint of a world found, in words.
import type { Finding } from '@stillpoint/sim';
import type { Output } from '../../output/output.ts';
import { countText } from '../../output/units.ts';

const SHOWN = 5;

export function findingText({ file, line, column, what, hint }: Finding): string {
  return `${file}:${line}:${column}: ${what}. ${hint}`;
}

/** Before a run begins: it may be meant so, and what comes of it is seen by nobody but a resumed run. */
export function warnOfFindings(output: Output, findings: readonly Finding[], place: string): void {
  const texts = findings.slice(0, SHOWN).map(findingText);
  const more = findings.length - texts.length;
  if (more > 0) texts.push(`${countText(more, 'finding')} more: stillpoint world lint ${place}`);
  for (const text of texts) {
    output.warn(text);
    output.result({ event: 'warned', text });
  }
}
