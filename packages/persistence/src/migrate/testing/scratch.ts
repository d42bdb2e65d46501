// A federation that changes, and a database that follows: for the tests of planning. Statements are run one by one in a transaction,
// without ledger and lock: those are for whoever applies.
import type { Database } from '../../database/contract.ts';
import { loadFederation, type Federation } from '../../registry/index.ts';
import { makeMembers } from '../../registry/testing/members.ts';
import type { FederationSnapshot, Plan, PlanOptions } from '../contract.ts';
import { startKit, type Kit } from '../kit/kit.ts';
import { planWith } from '../plan.ts';

/** Sources of extension files by the extension's name. */
export type Sources = Readonly<Record<string, string>>;

export interface Scratch extends AsyncDisposable {
  federation(sources: Sources): Promise<Federation>;
  /** Plans from what was planned and accepted last. */
  plan(sources: Sources, options?: Partial<PlanOptions>): Promise<Plan>;
  /** Runs a plan's statements, up or down, and goes on from there. */
  apply(plan: Plan, direction?: 'up' | 'down'): Promise<void>;
  readonly state: FederationSnapshot | undefined;
}

/** With a process for planning of its own, unless it is lent one. */
export async function makeScratch(database: Database | undefined, lent?: Kit): Promise<Scratch> {
  const members = await makeMembers();
  const kit = lent ?? startKit();
  const before = new Map<Plan, FederationSnapshot | undefined>();
  let state: FederationSnapshot | undefined;
  await database?.query('CREATE SCHEMA IF NOT EXISTS stillpoint');
  await database?.query('CREATE SCHEMA IF NOT EXISTS vectors');
  await database?.query(
    'CREATE OR REPLACE FUNCTION stillpoint.uuidv7() RETURNS uuid LANGUAGE sql VOLATILE AS $$ SELECT gen_random_uuid() $$',
  );
  const federation = async (sources: Sources): Promise<Federation> =>
    await loadFederation(await members.addAll(sources));
  return {
    federation,
    plan: async (sources, options = {}) => {
      const plan = await planWith(kit, {
        previous: state,
        federation: await federation(sources),
        ...options,
      });
      before.set(plan, state);
      return plan;
    },
    apply: async (plan, direction = 'up') => {
      await database?.transaction(async (transaction) => {
        for (const statement of plan[direction]) await run(transaction, statement);
      });
      // Through JSON, as a ledger would keep it.
      const next = direction === 'up' ? plan.next : before.get(plan);
      state = next === undefined ? undefined : (JSON.parse(JSON.stringify(next)) as typeof next);
    },
    get state() {
      return state;
    },
    [Symbol.asyncDispose]: async () => {
      if (lent === undefined) await kit[Symbol.asyncDispose]();
      await members[Symbol.asyncDispose]();
    },
  };
}

async function run(queryable: Pick<Database, 'query'>, statement: string): Promise<void> {
  try {
    await queryable.query(statement);
  } catch (error) {
    throw new Error(`${(error as Error).message}\nin: ${statement}`, { cause: error });
  }
}
