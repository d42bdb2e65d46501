// Two readings of one schema: as it was captured, and as a server wrote it out after reading it back. What a dump keeps as text
// comes back with casts and parentheses in other places; everything else must be the same to the letter.
import type { SchemaObject } from '../schema-digest.ts';

export interface SchemaComparison {
  /** 'view public.sales', what is not the same. */
  readonly different: readonly string[];
  /** What was compared less than to the letter. */
  readonly notes: readonly string[];
}

/** Their definitions hold expressions. */
const EXPRESSIONS = new Set([
  'relation',
  'column',
  'constraint',
  'index',
  'policy',
  'rule',
  'trigger',
  'statistics',
  'type',
  'function',
]);

export function compareSchemas(
  captured: readonly SchemaObject[],
  present: readonly SchemaObject[],
): SchemaComparison {
  const different: string[] = [];
  const loosely: string[] = [];
  const versions: string[] = [];
  const found = new Map(present.map((object) => [keyOf(object), object]));
  for (const object of captured) {
    const [kind, name, part, definition] = object;
    const other = found.get(keyOf(object));
    found.delete(keyOf(object));
    const label = `${kind} ${name}${part === '' || kind === 'extension' ? '' : ` ${part}`}`;
    if (other === undefined) different.push(label);
    else if (kind === 'extension' && other[2] !== part)
      versions.push(`${name} ${other[2]} (captured ${part})`);
    else if (other[3] === definition) continue;
    else if (EXPRESSIONS.has(kind) && loose(other[3]) === loose(definition)) loosely.push(label);
    else different.push(label);
  }
  for (const [kind, name, part] of found.values()) different.push(`${kind} ${name} ${part}`.trim());
  const notes = ['schema equal'];
  if (loosely.length > 0) {
    notes.push(
      `${loosely.length} definitions are written anew by the server and equal apart from casts and parentheses`,
    );
  }
  if (versions.length > 0) notes.push(`extensions in another version: ${versions.join(', ')}`);
  return { different, notes };
}

/** An extension comes back in the server's own version. */
function keyOf([kind, name, part]: SchemaObject): string {
  return JSON.stringify(kind === 'extension' ? [kind, name] : [kind, name, part]);
}

const NAME = String.raw`(?:"(?:[^"]|"")+"|\w+)`;
const WORDS = 'character varying|bit varying|double precision';
const TIMES = String.raw`time(?:stamp)?(?:\(\d\))? with(?:out)? time zone`;
const CAST = new RegExp(
  String.raw`::(?:${WORDS}|${TIMES}|${NAME}(?:\.${NAME})?)(?:\(\d+(?:,\d+)?\))?(?:\[\])*`,
  'g',
);

function loose(definition: string | null): string | null {
  return definition?.replaceAll(CAST, '').replaceAll(/[\s()]+/g, '') ?? null;
}
