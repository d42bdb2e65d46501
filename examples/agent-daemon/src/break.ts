// stillpoint exec -- node src/break.ts: an agent that means well, and tidies up with the rights of the owner.
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openDatabase } from '@stillpoint/persistence';

const extensions = path.join(import.meta.dirname, '..', 'extensions');
await using database = await openDatabase({ at: process.env['DATABASE_URL'] ?? '' });
await database.query('DROP TABLE notes');
await database.query('DELETE FROM vectors.items');
await database.query('DELETE FROM queue.job');
await rm(path.join(extensions, 'watch'), { recursive: true, force: true });
await writeFile(path.join(extensions, 'notes', 'work.ts'), '// Simplified.\n');
console.log('Tidied up: a table, all jobs, all memories, one repository, one file.');
