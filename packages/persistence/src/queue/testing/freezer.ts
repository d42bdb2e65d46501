// A freezer process for tests that kill or stop it: node freezer.ts URL LIMIT_MS. Says "held" when the queue holds still, and holds
// until it dies.
import { participantAt } from './participant-at.ts';

const [, , url = '', limitMs] = process.argv;
const { signal } = new AbortController();
const hold = await participantAt(url).open({ budgetMs: Number(limitMs), signal });
await hold.suspend(signal, Number(limitMs));
process.stdout.write('held\n');
process.stdin.resume().on('end', () => process.kill(process.pid, 'SIGKILL'));
