// What this extension adds to the database.
import { defineExtension } from '@stillpoint/persistence';
import { pgTable, text, uuidBase } from '@stillpoint/persistence/models';

export const notes = pgTable('notes', {
  ...uuidBase,
  title: text().notNull(),
  text: text().notNull(),
});

export default defineExtension({ name: 'notes', models: [notes] });
