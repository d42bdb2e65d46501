// Worker processes that die at random and are replaced, and freezes meanwhile, as the engine takes them: the queue first, then the
// freeze lock. Everything is judged by what the database says.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { DEFAULT_FREEZE_LOCK_KEY } from '../../database/index.ts';
import type { WorkerArguments } from './crowd-job.ts';
import { participantAt } from './participant-at.ts';

/** Resolves when it claims. */
export async function startWorkerProcess(options: WorkerArguments): Promise<ChildProcess> {
  const child = startProgram('worker.ts', JSON.stringify(options));
  await once(child.stdout!, 'data');
  return child;
}

/** Says something on stdout when the queue holds still for it. */
export function startFreezerProcess(url: string, limitMs: number): ChildProcess {
  return startProgram('freezer.ts', url, String(limitMs));
}

function startProgram(name: string, ...args: string[]): ChildProcess {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const flags = ['--no-warnings', '--conditions=@stillpoint/source'];
  return spawn(process.execPath, [...flags, program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

export async function killed(child: ChildProcess): Promise<void> {
  const over = once(child, 'exit');
  child.kill('SIGKILL');
  await over;
}

export interface Crowd extends AsyncDisposable {
  /** Kills one, and starts another in its place. */
  killOne(random: () => number): Promise<void>;
}

export async function startCrowd(size: number, options: WorkerArguments): Promise<Crowd> {
  const workers = await Promise.all(
    Array.from({ length: size }, () => startWorkerProcess(options)),
  );
  return {
    async killOne(random) {
      const index = Math.floor(random() * workers.length);
      await killed(workers[index]!);
      workers[index] = await startWorkerProcess(options);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map(killed));
    },
  };
}

export interface FreezeOutcome {
  /** Until the queue held still. */
  readonly drainMs: number;
  readonly heldMs: number;
}

export interface TestFreezer extends AsyncDisposable {
  /** Holds everybody still for so long, and proves that nothing was claimed or written meanwhile. */
  freeze(holdMs: number): Promise<FreezeOutcome>;
}

/** Counts claims in the database itself, whoever makes them: installed by the owner, before the workers start. */
export async function countClaims(client: Client): Promise<void> {
  await client.query(`
    CREATE SEQUENCE claims;
    GRANT ALL ON SEQUENCE claims TO PUBLIC;
    CREATE FUNCTION count_claim() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM nextval('public.claims'); RETURN NEW; END $$;
    CREATE TRIGGER count_claim BEFORE UPDATE OF state ON queue.job_common FOR EACH ROW
      WHEN (NEW.state = 'active' AND OLD.state < 'active') EXECUTE FUNCTION count_claim()`);
}

export async function openTestFreezer(url: string): Promise<TestFreezer> {
  const lock = new Client({ connectionString: url, application_name: 'test freeze' });
  lock.on('error', () => {});
  await lock.connect();
  const participant = participantAt(url);
  const { signal } = new AbortController();
  const seen = async (): Promise<unknown> => {
    const { rows } = await lock.query(
      'SELECT (SELECT last_value FROM claims) AS claims, (SELECT count(*) FROM effects) AS effects',
    );
    return rows[0];
  };
  return {
    async freeze(holdMs) {
      await using hold = await participant.open({ budgetMs: 30_000, signal });
      const from = performance.now();
      await hold.suspend(signal, 30_000);
      const drainMs = performance.now() - from;
      await lock.query('SELECT pg_advisory_lock($1::bigint)', [DEFAULT_FREEZE_LOCK_KEY]);
      const marked = await seen();
      await delay(holdMs);
      await hold.check();
      assert.deepEqual(await seen(), marked, 'claimed or written between mark and thaw');
      await lock.query('SELECT pg_advisory_unlock($1::bigint)', [DEFAULT_FREEZE_LOCK_KEY]);
      assert.equal(await hold.resume(), 'held');
      return { drainMs, heldMs: performance.now() - from };
    },
    async [Symbol.asyncDispose]() {
      await lock.end();
    },
  };
}
