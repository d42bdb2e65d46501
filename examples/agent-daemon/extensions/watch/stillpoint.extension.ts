// Which files of the inbox were seen, with which content.
import { defineExtension } from '@stillpoint/persistence';
import { pgTable, text, unique, uuidBase } from '@stillpoint/persistence/models';

export const seenFiles = pgTable(
  'watch_seen_files',
  { ...uuidBase, name: text().notNull(), digest: text().notNull() },
  (table) => [unique().on(table.name, table.digest)],
);

export default defineExtension({ name: 'watch', models: [seenFiles] });
