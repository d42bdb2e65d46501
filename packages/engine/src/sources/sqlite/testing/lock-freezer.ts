// The freezer of the lock's death tests: runs in a process of its own and freezes by SQLite's write lock alone.
import { runFreezer } from '../../../freeze/testing/freezer.ts';
import { createSqliteLockParticipant } from '../lock-participant.ts';

export interface LockFreezerArguments {
  readonly file: string;
  readonly budgetMs: number;
  readonly resumesDirectory: string;
}

const given = JSON.parse(process.argv[2] ?? '') as LockFreezerArguments;
const participant = createSqliteLockParticipant({ name: 'app', guards: '*', file: given.file });
await runFreezer([participant], given);
