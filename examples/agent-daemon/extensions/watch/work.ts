// Looks into the inbox every second, and asks for a note of each file that is new or has changed.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { defineJob, type Persistence } from '@stillpoint/persistence';
import { z } from 'zod';
import { writeNote } from '../notes/work.ts';
import { seenFiles } from './stillpoint.extension.ts';

const inbox = path.join(import.meta.dirname, 'inbox');

/** Each one asks for the next: at most one of them waits. */
export const look = defineJob({ name: 'watch/look', data: z.object({}), singleton: 'waiting' });

export default async function work(persistence: Persistence): Promise<void> {
  const queue = await persistence.queue();
  queue.work(look, async (_job, { transaction }) => {
    const names = await readdir(inbox);
    for (const name of names.filter((one) => one.endsWith('.txt'))) {
      const text = await readFile(path.join(inbox, name), 'utf8');
      const digest = createHash('sha256').update(text).digest('hex');
      const added = await transaction.drizzle
        .insert(seenFiles)
        .values({ name, digest })
        .onConflictDoNothing()
        .returning();
      // In the same transaction: a file is never seen without its note, nor noted twice.
      if (added.length > 0) await queue.enqueue(writeNote, { title: name, text }, {}, transaction);
    }
    await queue.enqueue(look, {}, { after: '1s' }, transaction);
  });
  await queue.enqueue(look, {});
}
