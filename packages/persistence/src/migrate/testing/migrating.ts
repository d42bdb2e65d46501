// A process that migrates, and dies by SIGKILL right before its n-th question to the server, or at a phase. It prints how many it asked.
import { readFile } from 'node:fs/promises';
import { openDatabase } from '../../database/index.ts';
import type { Database, Queryable, Session } from '../../database/contract.ts';
import { loadFederation } from '../../registry/index.ts';
import type { Plan } from '../contract.ts';
import { migrate } from '../migrate.ts';
import { planMigration } from '../plan.ts';

export interface MigratingTask {
  readonly url: string;
  readonly directory: string;
  readonly members: readonly string[];
  /** A plan that was made before; left out: it makes its own. */
  readonly planFile?: string;
  /** 0: it does not die. 'apply': when the file is written. */
  readonly dieAt: number | 'apply' | 'end';
}

const task = JSON.parse(process.argv[2] ?? '') as MigratingTask;
let asked = 0;

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('it is dead');
}

/** Before it is asked. */
function counted<T extends Queryable>(queryable: T): T['query'] {
  return (text, values) => {
    asked += 1;
    if (asked === task.dieAt) die();
    return queryable.query(text, values);
  };
}

function counting(session: Session): Session {
  return {
    ...session,
    query: counted(session),
    transaction: (body, options) =>
      session.transaction((handle) => body({ ...handle, query: counted(handle) }), options),
  };
}

const opened = await openDatabase({ at: task.url });
const database: Database = {
  ...opened,
  session: async (name) => counting(await opened.session(name)),
};
const { planFile } = task;
const plan =
  planFile === undefined
    ? planMigration
    : async () => JSON.parse(await readFile(planFile, 'utf8')) as Plan;
const outcome = await migrate({
  database,
  directory: task.directory,
  parts: [],
  federation: await loadFederation(task.members),
  plan,
  progress: (event) => {
    if (event.type === 'phase:started' && event.phase === task.dieAt) die();
  },
});
if (task.dieAt === 'end') die();
process.stdout.write(JSON.stringify({ asked, steps: outcome.steps.length }));
await opened[Symbol.asyncDispose]();
