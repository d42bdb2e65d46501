// A process that migrates or takes back, and dies by SIGKILL right before its n-th question to the server, right after it, or at a
// phase. It prints how many it asked.
import { readFile } from 'node:fs/promises';
import type { ProgressEvent } from '@stillpoint/core';
import { openDatabase } from '../../database/index.ts';
import type { Database, Queryable, Session } from '../../database/contract.ts';
import { loadFederation } from '../../registry/index.ts';
import type { Plan } from '../contract.ts';
import { migrate } from '../migrate.ts';
import { planMigration } from '../plan.ts';
import { rollback } from '../rollback.ts';

export interface MigratingTask {
  readonly url: string;
  readonly directory: string;
  readonly members: readonly string[];
  /** A plan that was made before; left out: it makes its own. */
  readonly planFile?: string;
  /** Takes back with these losses instead of migrating. */
  readonly takeBack?: { readonly to: string; readonly accept: readonly string[] };
  /** 0: it does not die. 'apply': when the file is written, 'take back': when nothing is done. */
  readonly dieAt: number | 'apply' | 'take back' | 'end';
  /** Of a number: when the question is answered. */
  readonly answered?: boolean;
}

const task = JSON.parse(process.argv[2] ?? '') as MigratingTask;
let asked = 0;

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('it is dead');
}

function counted<T extends Queryable>(queryable: T): T['query'] {
  return async (text, values) => {
    asked += 1;
    const last = asked === task.dieAt;
    if (last && task.answered !== true) die();
    try {
      return await queryable.query(text, values);
    } finally {
      if (last) die();
    }
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
const common = {
  database,
  parts: [],
  progress: (event: ProgressEvent) => {
    if (event.type === 'phase:started' && event.phase === task.dieAt) die();
  },
};
const outcome =
  task.takeBack === undefined
    ? await migrate({
        ...common,
        directory: task.directory,
        federation: await loadFederation(task.members),
        plan,
      })
    : await rollback({ ...common, ...task.takeBack });
if (task.dieAt === 'end') die();
process.stdout.write(JSON.stringify({ asked, steps: outcome.steps.length }));
await opened[Symbol.asyncDispose]();
