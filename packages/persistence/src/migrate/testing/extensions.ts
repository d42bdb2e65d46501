// Five extensions as text, and what a refusal of them has to say: for the tests of planning.
import { isFailure, type ErrorCode } from '@stillpoint/core';
import assert from 'node:assert/strict';
import type { Sources } from './scratch.ts';

export function refusal(code: ErrorCode, ...words: readonly string[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isFailure(error, code), `${code}, not ${String(error)}`);
    const text = `${error.message} ${error.hint}`;
    for (const word of words) assert.ok(text.includes(word), `${text}: ${word}`);
    return true;
  };
}

export const extension = (name: string, models: string, more = ''): string =>
  `export default defineExtension({ name: '${name}', models: [${models}], ${more} });`;

export const notes = (columns: string, more = ''): string =>
  `export const mood = pgEnum('mood', ['calm', 'wild']);
   export const notes = pgTable('notes', { ...uuidBase, ${columns} });
   ${extension('notes', 'notes', more)}`;

export const five: Sources = {
  notes: notes(`title: text().notNull().unique(), mood: mood().default('calm')`),
  // Before notes in the order, and refers to it.
  comments: `import { notes } from '../notes/stillpoint.extension.ts';
    const comments = pgTable('comments', { ...uuidBase, note: uuid().notNull().references(() => notes.id), text: text() },
      (table) => [index().on(table.note)]);
    ${extension('comments', 'comments')}`,
  embeddings: `import { notes } from '../notes/stillpoint.extension.ts';
    const embeddings = pgSchema('vectors').table('embeddings', { ...uuidBase, note: uuid().references(() => notes.id), tags: text().array() });
    ${extension('embeddings', 'embeddings')}`,
  ledger: `const own = pgSchema('ledger');
    const kind = own.enum('kind', ['in', 'out']);
    const entries = own.table('entries', { ...uuidBase, kind: kind().notNull(), amount: integer().notNull().default(0) },
      (table) => [check('entries_amount', sql\`\${table.amount} >= 0\`)]);
    ${extension('ledger', 'entries')}`,
  zoo: `import { users } from '@stillpoint/persistence';
    const animals = pgTable('animals', { ...uuidBase, keeper: uuid().references(() => users.id) });
    ${extension('zoo', 'animals')}`,
};
