// What a snapshot holds: this repository, those of the extensions, and the database. The job queue holds still for it.
import { defineConfig } from 'stillpoint';

export default defineConfig({
  members: ['.', 'extensions/*'],
  sources: { db: { driver: 'postgres' } },
  participants: [{ kind: 'queue' }],
});
