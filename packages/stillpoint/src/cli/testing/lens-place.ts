// A directory with lenses of runs, and the command in it.
import { openRecorder, type Dropped, type LensField, type LensFrame } from '@stillpoint/sim';
import { mkdtempSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { inProcess, type HostOptions, type Ran } from './run.ts';

export interface LensPlace {
  readonly cwd: string;
  /** Words with one space between. */
  readonly run: (args: string, more?: Partial<HostOptions>) => Promise<Ran>;
}

export interface PlacedLenses {
  /** The last one is the latest. */
  readonly runs: readonly string[];
  readonly fields: readonly LensField[];
  readonly frameAt: (tick: number, run: string) => LensFrame;
  /** After the last frame. */
  readonly dropped?: Readonly<Record<string, Dropped>>;
}

/** A number a sample on a sphere. */
export const sphereField = (name: string, rows: number, columns: number): LensField => ({
  name,
  unit: 'K',
  components: [],
  topology: { kind: 'sphere', rows, columns },
  reconstruction: 'linear',
  precision: { type: 'float64' },
});

/** In `lens/`: frames 10 to 250 of each run, in chunks of a hundred ticks. */
export async function placeLenses(
  t: TestContext,
  { runs, fields, frameAt, dropped = {} }: PlacedLenses,
): Promise<LensPlace> {
  const cwd = realpathSync(mkdtempSync(path.join(tmpdir(), 'stillpoint-lenses-')));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  for (const runId of runs) {
    const directory = path.join(cwd, 'lens', runId);
    const options = { directory, runId, world: 'terra', fields, chunkTicks: 100 };
    const recorder = await openRecorder(options);
    for (let tick = 10; tick <= 250; tick += 10) await recorder.append(frameAt(tick, runId));
    const missing = dropped[runId];
    if (missing !== undefined) await recorder.drop(missing);
    await recorder.close();
  }
  return { cwd, run: (args, more) => inProcess(args.split(' '), { cwd, ...more }) };
}

/** The code of what went wrong, of a command with --json. */
export function problem(ran: Ran): string {
  return (JSON.parse(ran.stderr) as { error: { code: string } }).error.code;
}
