// The fault matrix: operations x calls of their stores x kinds of fault. Each case breaks one call of one operation in one way, and
// then everything must be as testing/fault-aftermath.ts says. `npm test` takes a sample, of every operation and every fault; the soak
// takes all of them. What is printed runs it again: STILLPOINT_SEED=N the same sample of the same content, and
// STILLPOINT_FAULT='prune, call 17, hangs after' that case alone.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { failure, isFailure } from '@stillpoint/core';
import { forEachConcurrently, type Fault, type StoreCall } from '../vault/index.ts';
import { randomFrom } from '../vault/test-streams.ts';
import { endsWell, wholeSnapshots, type Snapshots } from './testing/fault-aftermath.ts';
import {
  OPERATIONS,
  perform,
  prepare,
  undisturbed,
  type Operation,
} from './testing/fault-stage.ts';
import {
  clonePlace,
  emptyPlace,
  leftovers,
  loadPlace,
  placeIn,
  savePlace,
  type Place,
} from './testing/fault-place.ts';

const FAULTS = [
  'fails before',
  'fails after',
  'hangs before',
  'hangs after',
  'is cut before',
  'is killed before',
  'is killed after',
] as const;
type FaultKind = (typeof FAULTS)[number];

interface Case {
  readonly operation: Operation;
  readonly call: number;
  readonly fault: FaultKind;
}

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const seed = Number(process.env['STILLPOINT_SEED'] ?? randomInt(2 ** 31));
const alone = process.env['STILLPOINT_FAULT'];
/** Cases at the same time: they wait for the disk and for processes. */
const AT_ONCE = 3;
/** Whatever hangs is told to stop at once; one that does not listen is told by its name. */
const STUCK_MS = 60_000;

interface Ground {
  readonly place: Place;
  readonly before: Snapshots;
  /** Of the operation when nothing disturbs it. */
  readonly calls: number;
}

async function prepareGround(scratch: string, operation: Operation): Promise<Ground> {
  const made = emptyPlace(path.join(scratch, 'made'));
  await prepare(made, operation, seed);
  // Where it was made there is nothing now: so each copy of the project counts as the project, moved.
  const place = { ...made, project: path.join(scratch, 'ground') };
  await rename(made.project, place.project);
  let calls = 0;
  const count = ({ n }: StoreCall): Fault => {
    calls = Math.max(calls, n);
    return 'ok';
  };
  const trial = await clonePlace(place, path.join(scratch, 'trial'));
  await perform(trial, operation, { ...undisturbed, script: count });
  return { place, before: await wholeSnapshots(place), calls };
}

/** In the soak every call; else one of each kind of fault, by the seed. */
function casesOf(operation: Operation, { calls }: Ground): readonly Case[] {
  const numbers = Array.from({ length: calls }, (_, n) => n + 1);
  const all = FAULTS.flatMap((fault) => numbers.map((call) => ({ operation, call, fault })));
  if (alone !== undefined) return all.filter((one) => nameOf(one) === alone);
  if (soak) return all;
  const random = randomFrom(seed + OPERATIONS.indexOf(operation));
  return Object.values(Object.groupBy(all, ({ fault }) => splitAtLast(fault)[0])).map(
    (kind = []) => kind[Math.floor(random() * kind.length)]!,
  );
}

const nameOf = ({ operation, call, fault }: Case): string => `${operation}, call ${call}, ${fault}`;

/** Resolves to the call that was struck; undefined: the operation had fewer calls this time. */
async function strike(place: Place, one: Case): Promise<string | undefined> {
  const [kind, phase] = splitAtLast(one.fault);
  const end = new AbortController();
  let struck: string | undefined;
  const script = ({ n, operation, key, phase: now }: StoreCall): Fault => {
    if (n !== one.call || now !== phase) return 'ok';
    struck = `${operation} ${key}`;
    if (kind === 'fails') return 'fail';
    if (kind === 'is cut') return 'cut';
    queueMicrotask(() => end.abort(failure('INTERRUPTED', { doing: 'trying it' })));
    return 'hang';
  };
  const ended = new AbortController();
  const stuck = delay(STUCK_MS, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`it does not end: ${struck}`);
  });
  try {
    await Promise.race([perform(place, one.operation, { script, signal: end.signal }), stuck]);
  } catch (error) {
    if (end.signal.aborted) assert.equal(error, end.signal.reason);
    else assert.ok(isFailure(error), error as Error);
  } finally {
    stuck.catch(() => {});
    ended.abort();
  }
  return struck;
}

const splitAtLast = (text: string): readonly [string, string] => [
  text.slice(0, text.lastIndexOf(' ')),
  text.slice(text.lastIndexOf(' ') + 1),
];

const program = fileURLToPath(new URL('testing/killed-process.ts', import.meta.url));
const flags = ['--no-warnings=ExperimentalWarning', '--conditions=@stillpoint/source'];

/** False: it had fewer calls. */
async function killProcess(root: string, { operation, call, fault }: Case): Promise<boolean> {
  const [, phase] = splitAtLast(fault);
  return await new Promise((resolve, reject) => {
    const args = [...flags, program, root, operation, String(call), phase];
    const child = execFile(process.execPath, args, (error) => {
      const killed = child.signalCode === 'SIGKILL';
      if (error !== null && !killed) reject(error);
      else resolve(killed);
    });
  });
}

async function runInMemory(root: string, ground: Ground, one: Case): Promise<string | undefined> {
  const place = await clonePlace(ground.place, path.join(root, 'project'));
  const struck = await strike(place, one);
  const next = async (): Promise<Place> => {
    await perform(place, one.operation, undisturbed);
    return place;
  };
  await endsWell(place, one.operation, ground.before, { alive: true, next }).catch((cause) => {
    throw new Error(`after ${struck}`, { cause });
  });
  return struck;
}

async function runKilled(root: string, ground: Ground, one: Case): Promise<string | undefined> {
  await savePlace(ground.place, root);
  const killed = await killProcess(root, one);
  const next = async (): Promise<Place> => {
    await perform(placeIn(root), one.operation, undisturbed);
    assert.deepEqual(await leftovers(root), []);
    return await loadPlace(root);
  };
  const place = await loadPlace(root);
  await endsWell(place, one.operation, ground.before, { alive: false, next });
  return killed ? 'the process' : undefined;
}

async function runCase(scratch: string, ground: Ground, one: Case): Promise<boolean> {
  const root = path.join(scratch, nameOf(one));
  const run = one.fault.startsWith('is killed') ? runKilled : runInMemory;
  try {
    return (await run(root, ground, one)) !== undefined;
  } catch (cause) {
    const again = `STILLPOINT_SEED=${seed} STILLPOINT_FAULT='${nameOf(one)}'`;
    throw new Error(`run it again with ${again}`, { cause });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function makeScratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-faults-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

for (const operation of OPERATIONS) {
  test(`${operation}: whichever call breaks, nothing is lost, and the next run succeeds`, async (t) => {
    const scratch = await makeScratch(t);
    const ground = await prepareGround(scratch, operation);
    const cases = casesOf(operation, ground);
    if (cases.length === 0) return t.skip('another case was named');
    let struck = 0;
    const failed: Error[] = [];
    await forEachConcurrently(cases, AT_ONCE, async (one) => {
      await runCase(scratch, ground, one).then(
        (wasStruck) => (struck += Number(wasStruck)),
        (error: Error) => failed.push(error),
      );
    });
    t.diagnostic(`seed ${seed}: ${struck} of ${cases.length} cases, ${ground.calls} calls`);
    const names = failed.map(({ message }) => message).join('\n');
    if (failed.length > 0) throw new AggregateError(failed, names);
    // A run that was broken earlier may have fewer calls; what runs at once does not always come in the same order.
    assert.ok(struck >= 0.9 * cases.length - 1, `only ${struck} of ${cases.length} were struck`);
  });
}
