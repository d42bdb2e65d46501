// npm start: works until it is told to end, and then ends what it has begun.
import { once } from 'node:events';
import { beginWork, environment, openDaemon } from './daemon.ts';

await using persistence = await openDaemon(environment);
const names = await beginWork(persistence);
console.log(`Working: ${names.join(', ')}. Ctrl-C ends it.`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
