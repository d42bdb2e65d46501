// A freezer process for tests that kill or stop it: node freezer.ts URL LIMIT_MS. Says "held" when the queue holds still, and holds
// until it dies.
import { Client } from 'pg';
import { DEFAULT_FREEZE_LOCK_KEY } from '../../database/index.ts';
import { createQueueParticipant } from '../participant.ts';

const [, , connectionString, limitMs] = process.argv;
const participant = createQueueParticipant({
  name: 'queue',
  guards: '*',
  key: DEFAULT_FREEZE_LOCK_KEY,
  async connect(application_name) {
    const client = new Client({ connectionString, application_name });
    await client.connect();
    return client;
  },
});
const { signal } = new AbortController();
const hold = await participant.open({ budgetMs: Number(limitMs), signal });
await hold.suspend(signal, Number(limitMs));
process.stdout.write('held\n');
process.stdin.resume().on('end', () => process.kill(process.pid, 'SIGKILL'));
