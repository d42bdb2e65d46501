// The demonstration, from an empty directory to a table that proves equality. It uses Stillpoint as any program does;
// what is compared is measured without it. It ends with an error if anything differs.
import { failure, isFailure, type ProgressListener } from '@stillpoint/core';
import type { SnapshotSummary } from '@stillpoint/engine';
import { Client } from 'pg';
import { bytesText, millisecondsText } from '../../output/units.ts';
import { createContext, type CommandContext, type OpenProject } from '../context.ts';
import { databaseEnvironment } from '../database-environment.ts';
import { totalOf } from '../describe.ts';
import { dropTable, letAgentWork } from './agent.ts';
import { compare, showComparison, type Comparison } from './compare.ts';
import { createGit, type Git } from './git.ts';
import {
  eventText,
  firstEvents,
  measureAtTick,
  measureNow,
  readEvents,
  type Events,
  type Facts,
} from './measure.ts';
import { preparePlace } from './place.ts';
import { buildFiles, buildTables, MEMBERS } from './system.ts';
import { startWorkers, type Acknowledged, type Workers } from './workers.ts';

export interface DemoOptions {
  readonly directory?: string;
  readonly keep?: true;
}

interface Stage {
  readonly context: CommandContext;
  readonly directory: string;
  readonly project: OpenProject;
  readonly git: Git;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const NAME = 'before-the-agent';

export async function runDemo(outer: CommandContext, options: DemoOptions): Promise<void> {
  const place = await preparePlace(outer.host.cwd, options.directory);
  const { output } = outer;
  let evidence = false;
  try {
    output.data(
      `${output.style.bold('Stillpoint, demonstrated')} ${output.style.dim(`in ${place.directory}`)}`,
    );
    const git = createGit(outer.host.environment);
    await buildFiles(place.directory, git);
    const context = createContext(outer.host, output, {
      ...outer.global,
      project: place.directory,
    });
    await using project = await context.openProject();
    try {
      const call = { ...context.call, onProgress: progressFor(context) };
      const own = await databaseEnvironment(project, undefined, call);
      const environment = { ...outer.host.environment, ...own };
      await perform({ context, directory: place.directory, project, git, environment });
    } finally {
      if (options.keep !== true) await place.stopDatabase(project.stillpoint);
    }
  } catch (error) {
    evidence = isFailure(error, 'DEMO_DIFFERS');
    throw error;
  } finally {
    if (options.keep !== true && !evidence) await place.remove();
  }
  if (options.keep === true)
    output.next(`cd ${place.directory} && stillpoint undo`, 'See the mess again');
  else output.next('stillpoint snapshot', 'In a project of your own');
}

async function perform(stage: Stage): Promise<void> {
  const { context, directory, project, git } = stage;
  const { output } = context;
  const call = { ...context.call, onProgress: progressFor(context) };
  await withClient(stage, buildTables);
  await using workers = startWorkers(directory, stage.environment);
  await workers.commitsMore(200);
  headline(stage, 1, 'A system that writes all the time');
  line(stage, `${MEMBERS.join(', ')}: git repositories, with work that nobody committed`);
  const { version } = await project.stillpoint.database().status();
  line(
    stage,
    `Postgres ${version}; ${workers.alive()} programs that write: one number into two tables, a file and a commit;`,
  );
  line(stage, 'and plain rows as fast as they go');

  headline(stage, 2, `stillpoint snapshot --name ${NAME}`);
  const acknowledged = workers.acknowledged();
  workers.takeLongestGapMs();
  const snapshot = await project.stillpoint.snapshot({ ...call, name: NAME });
  await workers.commitsMore(20);
  const stallMs = workers.takeLongestGapMs();
  showSnapshot(stage, snapshot, stallMs);

  const { still, events } = await withClient(stage, (client) =>
    measureStill(stage, client, snapshot),
  );
  headline(stage, 3, 'An agent goes to work');
  const broken = await withClient(stage, async (client) => {
    await dropTable(client);
    await workers.countingEnded;
    line(stage, `${output.style.red('×')} dropped the table ledger: a program is down`);
    for (const deed of await letAgentWork(directory, client, git))
      line(stage, `${output.style.red('×')} ${deed}`);
    return measureNow(directory, client, git);
  });

  headline(stage, 4, `stillpoint restore ${NAME}`);
  const restored = await project.stillpoint.restore(snapshot.id, call);
  await workers[Symbol.asyncDispose]();
  line(
    stage,
    `prepared beside, proved, switched in ${millisecondsText(restored.durationMs)}; the mess is kept as undo point ${restored.undo ?? ''}`,
  );

  headline(stage, 5, 'Compared, by git and SQL alone');
  const comparisons = await withClient(stage, async (client) => {
    const back = await readEvents(client);
    const captured = new Map([
      ...still,
      ['table event', eventText(firstEvents(events, back))] as const,
      ['acknowledged before', 'all there'] as const,
    ]);
    const now = await measureNow(directory, client, git);
    const kept = new Map(now).set(
      'acknowledged before',
      missingOf(acknowledged, back, snapshot, now),
    );
    return compare(captured, broken, kept);
  });
  showComparison(comparisons, output);
  await goOn(stage);
  conclude(stage, {
    snapshot,
    stallMs,
    comparisons,
    restoreMs: restored.durationMs,
    closedMs: restored.closedMs,
  });
}

/** The story is told line by line; its phases are shown only where they are drawn over. */
function progressFor({ output }: CommandContext): ProgressListener {
  return (event) => {
    const shown = event.type === 'note:said' ? event.level === 'warn' : output.watched;
    if (shown) output.progress(event);
  };
}

interface Measured {
  readonly still: Facts;
  readonly events: Events;
}

/** Takes the lock as the freeze does, so that nothing moves while it is measured. */
async function measureStill(
  stage: Stage,
  client: Client,
  snapshot: SnapshotSummary,
): Promise<Measured> {
  const core = snapshot.members.find((member) => member.path === 'core');
  const subject = await stage.git(
    `${stage.directory}/core`,
    'log',
    '-1',
    '--format=%s',
    core?.commit ?? 'HEAD',
  );
  const tick = Number(/(\d+)$/.exec(subject)?.[1]);
  await client.query('begin');
  await client.query('select pg_advisory_xact_lock($1)', [
    stage.environment['STILLPOINT_LOCK_KEY'],
  ]);
  const still = await measureAtTick(stage.directory, client, stage.git, tick);
  const events = await readEvents(client);
  await client.query('commit');
  return { still, events };
}

/** Every transaction that a program knew to be committed before the snapshot began must be in it. */
function missingOf(
  acknowledged: Acknowledged,
  back: Events,
  snapshot: SnapshotSummary,
  now: Facts,
): string {
  const tick = Number(now.get('table counter'));
  let missing = 0;
  for (const [worker, number] of acknowledged) {
    const own = back.get(worker)?.length;
    missing += Math.max(0, number - (own ?? tick));
  }
  return missing === 0 ? 'all there' : `${missing} missing from ${snapshot.id}`;
}

/** The programs start again on what came back, and count on from there. */
async function goOn(stage: Stage): Promise<void> {
  const count = async (): Promise<number> =>
    withClient(stage, async (client) =>
      Number((await client.query<{ n: string }>('select n from counter')).rows[0]?.n),
    );
  const before = await count();
  const workers: Workers = startWorkers(stage.directory, stage.environment);
  await using _ = workers;
  await workers.commitsMore(60);
  await workers.stop();
  line(stage, '');
  line(stage, `The programs run again: the counter went on from ${before} to ${await count()}.`);
}

interface Outcome {
  readonly snapshot: SnapshotSummary;
  readonly stallMs: number;
  readonly restoreMs: number;
  readonly closedMs: number;
  readonly comparisons: readonly Comparison[];
}

function conclude(stage: Stage, outcome: Outcome): void {
  const { output } = stage.context;
  const { snapshot, stallMs, restoreMs, closedMs, comparisons } = outcome;
  const differing = comparisons.filter((entry) => !entry.equal).map((entry) => entry.what);
  output.result({
    ok: differing.length === 0,
    freezeMs: snapshot.freezeMs,
    stallMs,
    snapshotMs: snapshot.durationMs,
    restoreMs,
    closedMs,
    comparisons,
  });
  if (differing.length > 0)
    throw failure('DEMO_DIFFERS', { what: differing.join(', '), directory: stage.directory });
  output.data('');
  const all = `${comparisons.length} of ${comparisons.length} equal`;
  output.data(
    `${output.style.green(output.style.bold(all))}, frozen for ${output.style.bold(millisecondsText(snapshot.freezeMs))}.`,
  );
}

function showSnapshot(stage: Stage, snapshot: SnapshotSummary, stallMs: number): void {
  const { style } = stage.context.output;
  const frozen = style.green(style.bold(`frozen for ${millisecondsText(snapshot.freezeMs)}`));
  line(
    stage,
    `${snapshot.id}: ${frozen}; the longest that a writer waited for a commit: ${millisecondsText(stallMs)}`,
  );
  const stored = bytesText(totalOf(snapshot, 'bytesStored'));
  line(
    stage,
    `everything else happened while they wrote: ${millisecondsText(snapshot.durationMs)}, ${stored} stored`,
  );
}

function headline(stage: Stage, step: number, text: string): void {
  const { output } = stage.context;
  output.data('');
  output.data(`${output.style.cyan(String(step))}  ${output.style.bold(text)}`);
}

function line(stage: Stage, text: string): void {
  stage.context.output.data(text === '' ? '' : `   ${text}`);
}

async function withClient<T>(stage: Stage, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: stage.environment['DATABASE_URL'],
    application_name: 'demo',
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
