// Triggers as parts write them, and as the server tells them.
import { identifier, qualified } from '../database/index.ts';
import type { ChamberFinding } from './contract.ts';
import type { Relation } from './read-catalog.ts';
import type { Expected } from './wanted.ts';

/** On the table that is named, or on every ordinary table of a schema: of a partitioned table, the server makes those of its leaves. */
export function* compareTriggers(
  relation: Relation,
  expected: readonly Expected[],
): Iterable<ChamberFinding> {
  if (relation.kind !== 'r' && relation.kind !== 'p') return;
  for (const { by, expectation } of expected) {
    if (expectation.kind !== 'trigger') continue;
    const { table, trigger, definition, enabled = 'origin' } = expectation;
    if (table !== relation.name && table !== `${relation.schema}.*`) continue;
    const name = qualified(relation.name);
    const sql = `CREATE OR REPLACE TRIGGER ${identifier(trigger)} ${definition.replace('%', () => name)}`;
    const enable = `ALTER TABLE ${name} ENABLE ${enabled === 'always' ? 'ALWAYS ' : ''}TRIGGER ${identifier(trigger)}`;
    const about = `${by}: trigger "${trigger}" of ${relation.name}`;
    const found = relation.triggers.find((one) => one.name === trigger);
    if (found === undefined) {
      yield { about, severity: 'fail', text: 'it is missing', mend: `${sql}; ${enable}` };
    } else if (normal(found.definition) !== normal(sql)) {
      const text = `it is something else: ${found.definition}`;
      yield { about, severity: 'fail', text, mend: `${sql}; ${enable}` };
    } else if (found.enabled !== (enabled === 'always' ? 'A' : 'O')) {
      yield { about, severity: 'fail', text: 'it is not enabled as it should be', mend: enable };
    }
  }
}

/** Without what the server writes in another way: quotes, blanks, OR REPLACE, the order of the events. */
function normal(sql: string): string {
  return sql
    .replaceAll('"', '')
    .replaceAll(/\s+/g, ' ')
    .replace('CREATE OR REPLACE ', 'CREATE ')
    .replace(/(BEFORE|AFTER) (.*?) ON /, (_, when: string, events: string) => {
      const sorted = events.split(' OR ').toSorted().join(' OR ');
      return `${when} ${sorted} ON `;
    })
    .trim();
}
