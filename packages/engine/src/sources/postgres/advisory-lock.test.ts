// The lock on a real server: the participants' law, what writers feel meanwhile, and death of every kind.
// STILLPOINT_SOAK: each death ten times.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isFailure, newSnapshotId, silent } from '@stillpoint/core';
import type { Client } from 'pg';
import { freeze } from '../../freeze/index.ts';
import type { Hold } from '../../freeze/contract.ts';
import { testParticipant } from '../../freeze/testkit.ts';
import { eventually } from '../../freeze/testing/eventually.ts';
import { startFreezer, untilHolding, type Freezer } from '../../freeze/testing/start-freezer.ts';
import { createAdvisoryLockParticipant, listLockableDatabases } from './advisory-lock.ts';
import type { LockFreezerArguments } from './testing/lock-freezer.ts';
import {
  connectApplication,
  removePlace,
  startThrowawayCluster,
  type ThrowawayCluster,
} from './testing.ts';

const key = 4711n;
const databases = ['other', 'shop'];
const patienceMs = 20_000;
const rounds = process.env['STILLPOINT_SOAK'] === undefined ? 1 : 10;

let throwaway: ThrowawayCluster;
let admin: Client;
let resumesDirectory: string;
const opened: Client[] = [];

before(async () => {
  resumesDirectory = await mkdtemp(path.join(os.tmpdir(), 'lock-resumes-'));
  throwaway = await startThrowawayCluster();
  admin = await throwaway.cluster.connect({ applicationName: 'stillpoint test' });
  await admin.query('CREATE DATABASE other OWNER app');
  const client = await connect();
  await client.query('CREATE TABLE entry (number int)');
});
after(async () => {
  await Promise.all(opened.map((client) => client.end().catch(() => {})));
  await admin.end();
  await throwaway[Symbol.asyncDispose]();
  await removePlace();
  await rm(resumesDirectory, { recursive: true, force: true });
});

async function connect(database = 'shop'): Promise<Client> {
  const client = await connectApplication(throwaway.cluster, database);
  opened.push(client);
  return client;
}

const participant = createAdvisoryLockParticipant({
  name: 'database',
  guards: '*',
  key,
  databases: () =>
    listLockableDatabases(admin).then((all) => all.filter((one) => databases.includes(one))),
  connect: (database, applicationName, signal) =>
    throwaway.cluster.connect({ database, applicationName, signal }),
});

/** In one database, whether a writer would have to wait. */
async function isLocked(database: string): Promise<boolean> {
  const client = await connectApplication(throwaway.cluster, database);
  try {
    const { rows } = await client.query<{ free: boolean }>(
      `SELECT pg_try_advisory_xact_lock_shared(${key}) AS free`,
    );
    return rows[0]?.free !== true;
  } finally {
    await client.end();
  }
}

/** A write in flight; the returned function commits it. */
async function beginWrite(database = 'shop'): Promise<() => Promise<void>> {
  const client = await connect(database);
  await client.query(`BEGIN; SELECT pg_advisory_xact_lock_shared(${key})`);
  return async () => {
    await client.query('COMMIT');
    await client.end();
  };
}

const freezers = "application_name = 'stillpoint freeze'";
const countFreezers = async (): Promise<number> => {
  const { rows } = await admin.query(`SELECT pid FROM pg_stat_activity WHERE ${freezers}`);
  return rows.length;
};
const noFreezerIsLeft = (): Promise<void> =>
  eventually(
    async () => (await countFreezers()) === 0,
    patienceMs,
    'no session of the freeze is left',
  );

testParticipant({
  name: 'lock',
  supports: { noticesLoss: true, endsByItself: true },
  create: async () => ({
    participant,
    writes: (timeoutMs) =>
      eventually(
        async () => (await Promise.all(databases.map(isLocked))).every((locked) => !locked),
        timeoutMs,
        'a write in every database',
      ),
    isPaused: async () => (await Promise.all(databases.map(isLocked))).some(Boolean),
    keepBusy: () => beginWrite(),
    async endSuspension() {
      await admin.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE ${freezers}`,
      );
    },
    [Symbol.asyncDispose]: noFreezerIsLeft,
  }),
});

interface Writer extends AsyncDisposable {
  readonly commits: number;
  readonly longestMs: number;
}

/** An application that commits under the lock, one transaction after another. */
async function startWriter(): Promise<Writer> {
  const client = await connect();
  let commits = 0;
  let longestMs = 0;
  const stop = new AbortController();
  const work = (async () => {
    while (!stop.signal.aborted) {
      const startedMs = performance.now();
      await client.query(
        `BEGIN; SELECT pg_advisory_xact_lock_shared(${key}); INSERT INTO entry VALUES (1); COMMIT`,
      );
      commits += 1;
      longestMs = Math.max(longestMs, performance.now() - startedMs);
    }
  })();
  await eventually(() => commits > 0, patienceMs, 'the writer writes');
  return {
    get commits() {
      return commits;
    },
    get longestMs() {
      return longestMs;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await work;
      await client.end();
    },
  };
}

function options(more: { budgetMs: number }): Parameters<typeof freeze>[0] {
  return {
    participants: [participant],
    resumesDirectory: path.join(os.tmpdir(), 'never-made'),
    snapshot: newSnapshotId(),
    signal: new AbortController().signal,
    progress: silent,
    ...more,
  };
}

describe('the lock', () => {
  it('keeps every writer out while it is held, and lets them go on', async () => {
    await using writer = await startWriter();
    const during = await freeze(options({ budgetMs: 10_000 }), async (held) => {
      const client = await connect();
      const count = async (): Promise<string> => {
        const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM entry');
        return rows[0]?.count ?? '';
      };
      const first = await count();
      for (let time = 0; time < 20; time += 1) assert.equal(await count(), first);
      await held.check();
      return writer.commits;
    });
    await eventually(() => writer.commits > during.value + 1, patienceMs, 'the writer goes on');
    await noFreezerIsLeft();
  });

  it('lets other writers through while one drains, and names itself at the budget', async () => {
    const finish = await beginWrite();
    await using writer = await startWriter();
    const before = writer.commits;
    const attempt = freeze(options({ budgetMs: 1000 }), () => assert.fail());
    await assert.rejects(attempt, (error) => {
      assert.ok(isFailure(error, 'FREEZE_BUDGET_EXCEEDED'), String(error));
      assert.match(error.message, /"database" did not hold still/);
      return true;
    });
    assert.ok(
      writer.commits > before + 3,
      `${writer.commits - before} commits in a second of waiting`,
    );
    await finish();
    await noFreezerIsLeft();
  });

  it('is taken in no database while one still drains', async () => {
    const finish = await beginWrite('shop');
    const freezing = freeze(options({ budgetMs: 10_000 }), async () => isLocked('other'));
    // Sorted, 'other' comes first: it must come free again and again.
    await eventually(async () => (await countFreezers()) === 2, patienceMs, 'the freeze began');
    for (let seen = 0; seen < 3; seen += 1) {
      await eventually(
        async () => !(await isLocked('other')),
        patienceMs,
        'the other database writes',
      );
    }
    await finish();
    assert.equal((await freezing).value, true);
  });

  it('survives settings of the server that would end it', async () => {
    await admin.query("ALTER ROLE ALL SET statement_timeout = '20ms'");
    await admin.query("ALTER ROLE ALL SET idle_in_transaction_session_timeout = '20ms'");
    await admin.query("ALTER ROLE ALL SET transaction_timeout = '20ms'");
    try {
      const { value } = await freeze(options({ budgetMs: 10_000 }), async (held) => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        await held.check();
        return 'held';
      });
      assert.equal(value, 'held');
    } finally {
      await admin.query('ALTER ROLE ALL RESET ALL');
    }
  });

  it('is lost with its server process, even when that hangs', async () => {
    const hold = await open();
    await hold.suspend(new AbortController().signal, 60_000);
    const { rows } = await admin.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE ${freezers} AND datname = 'shop'`,
    );
    const pid = rows[0]?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      assert.equal(await hold.resume(), 'lost');
      await hold[Symbol.asyncDispose]();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await noFreezerIsLeft();
  });

  it('does not wait without end for a server process that hangs before anything is paused', async () => {
    let pid = 0;
    const hanging = createAdvisoryLockParticipant({
      name: 'hanging',
      guards: '*',
      key,
      databases: async () => ['shop'],
      async connect(database, applicationName, signal) {
        const client = await throwaway.cluster.connect({ database, applicationName, signal });
        ({ processID: pid } = client as unknown as { processID: number });
        process.kill(pid, 'SIGSTOP');
        return client;
      },
    });
    try {
      await assert.rejects(open(hanging), /[Cc]onnection/);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await noFreezerIsLeft();
  });

  it('tells a mistake in the connection before anything is paused', async () => {
    const broken = createAdvisoryLockParticipant({
      name: 'broken',
      guards: '*',
      key,
      databases: async () => ['shop', 'missing'],
      connect: (database, applicationName) =>
        throwaway.cluster.connect({ database, applicationName }),
    });
    const attempt = freeze({ ...options({ budgetMs: 1000 }), participants: [broken] }, () =>
      assert.fail(),
    );
    await assert.rejects(attempt, /database "missing" does not exist/);
    await noFreezerIsLeft();
  });
});

function open(of = participant): Promise<Hold> {
  const signal = new AbortController().signal;
  return of.open({
    snapshot: newSnapshotId(),
    budgetMs: 60_000,
    signal,
    progress: silent,
  });
}

const budgetMs = 1000;
const promiseMs = budgetMs + 1000;
const program = fileURLToPath(new URL('testing/lock-freezer.ts', import.meta.url));

describe('the freezer of a lock', () => {
  for (let round = 1; round <= rounds; round += 1) {
    for (const when of ['waiting', 'holding'] as const) {
      it(`killed or stopped while ${when}: the application writes again (${round})`, async () => {
        for (const how of ['kill', 'stop'] as const) await dieInTheFreeze(when, how);
      });
    }
  }
});

async function dieInTheFreeze(when: 'waiting' | 'holding', how: 'kill' | 'stop'): Promise<void> {
  await using writer = await startWriter();
  const finish = when === 'waiting' ? await beginWrite() : async () => {};
  const url = await throwaway.cluster.url();
  const given = { url, databases, key: String(key), budgetMs, resumesDirectory };
  const start = (): Freezer => startFreezer(program, given satisfies LockFreezerArguments);
  await using freezer = when === 'holding' ? await untilHolding(start, patienceMs) : start();
  if (when === 'waiting') await eventually(someoneWaits, patienceMs, 'the freezer waits');

  if (how === 'kill') await freezer.kill();
  else freezer.stop();
  const before = writer.commits;
  await eventually(() => writer.commits > before + 1, promiseMs, 'the application writes');
  if (how === 'stop') {
    await eventually(holdsNothing, promiseMs, 'the server has ended it');
    const said = await freezer.goOn();
    if (when === 'holding') assert.equal(said, 'ended FREEZE_LOST');
    else assert.match(said, /^ended (FREEZE_BUDGET_EXCEEDED|PARTICIPANT_FAILED)$/);
  }
  await noFreezerIsLeft();
  await finish();
  assert.deepEqual(await readdir(resumesDirectory), [], 'locks need no journal');
}

/** A stopped freezer's session may be left, idle between two tries, but without a transaction. */
async function holdsNothing(): Promise<boolean> {
  const { rows } = await admin.query(
    `SELECT 1 FROM pg_stat_activity WHERE ${freezers} AND state <> 'idle'`,
  );
  return rows.length === 0;
}

async function someoneWaits(): Promise<boolean> {
  const { rows } = await admin.query(
    `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND NOT granted`,
  );
  return rows.length > 0;
}
