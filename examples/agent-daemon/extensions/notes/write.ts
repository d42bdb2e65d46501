// npm run note -- TITLE TEXT [AFTER]: asks the daemon to write a note; AFTER is how long from now, such as 1h.
import { openPersistence } from '@stillpoint/persistence';
import { writeNote } from './work.ts';

const [title = 'untitled', text = '', after] = process.argv.slice(2);
await using persistence = await openPersistence({
  url: process.env['DATABASE_URL'],
  freezeLockKey: process.env['STILLPOINT_LOCK_KEY'],
});
const queue = await persistence.queue();
await queue.enqueue(writeNote, { title, text }, after === undefined ? {} : { after });
console.log(`Asked for the note "${title}".`);
