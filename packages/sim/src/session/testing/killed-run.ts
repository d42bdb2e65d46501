// Runs a world in processes that are killed, as often as told, and lets the last one come to its end.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface KilledRun {
  readonly world: string;
  readonly directory: string;
  readonly lens: string;
  readonly until: number;
  readonly work: number;
}

export interface RunEnd {
  readonly stateHash: string;
  readonly lensDirectory: string;
}

const program = fileURLToPath(new URL('watched-run-process.ts', import.meta.url));

/** Each process comes a part of the way at most, and is killed after one, two or three of its checkpoints. */
export async function killedRun(run: KilledRun, kills: number): Promise<RunEnd> {
  for (let kill = 0; kill < kills; kill += 1) {
    const until = Math.floor((run.until * (kill + 1)) / (kills + 1));
    const end = await runOnce({ ...run, until }, 1 + (kill % 3));
    assert.equal(end, undefined, `it had ended before it was killed the ${kill + 1}th time`);
  }
  const end = await runOnce(run);
  assert.ok(end, 'it did not come to its end');
  return end;
}

/** Undefined where it was killed. */
async function runOnce(
  { world, directory, lens, until, work }: KilledRun,
  killAfter?: number,
): Promise<RunEnd | undefined> {
  const sources = '--conditions=@stillpoint/source';
  const given = [world, directory, lens, String(until), String(work), String(killAfter ?? '')];
  const child = spawn(process.execPath, [sources, program, ...given], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const said = await text(child.stdout);
  const [status] = (await closed) as [number | null];
  if (status === null) return undefined;
  assert.equal(status, 0);
  return JSON.parse(said) as RunEnd;
}
