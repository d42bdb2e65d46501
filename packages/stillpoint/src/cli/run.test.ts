// `stillpoint run`: ends where it is told, stops cleanly, and says what is wrong.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inProcess, stillpoint, type Ran } from './testing/run.ts';

const place = mkdtempSync(path.join(os.tmpdir(), 'run-'));
after(() => rmSync(place, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => path.join(place, String((made += 1)));
const example = (name: string): string =>
  fileURLToPath(new URL(`../../../../examples/${name}`, import.meta.url));

interface Line {
  readonly event: string;
  readonly runId: string;
  readonly tick: number;
  readonly stateHash: string;
  readonly text?: string;
}
const linesOf = ({ stdout }: Ran): readonly Line[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const lastOf = (ran: Ran): Line => linesOf(ran).at(-1)!;
const run = (...args: readonly string[]): Promise<Ran> =>
  inProcess(['run', ...args, '--json'], { cwd: place });
const refusal = async (...args: readonly string[]): Promise<{ code: string; message: string }> => {
  const ran = await run(...args);
  assert.notEqual(ran.status, 0);
  return (
    JSON.parse(ran.stderr.trimEnd().split('\n').at(-1)!) as {
      error: { code: string; message: string };
    }
  ).error;
};

describe('stillpoint run', () => {
  it('makes so many steps more, or runs until a tick, and says so last', async () => {
    const directory = fresh();
    const first = await run(
      example('particles'),
      '--steps',
      '40',
      '--checkpoint-dir',
      directory,
      '--run-id',
      'one',
    );
    assert.equal(first.status, 0, first.stderr);
    const { event, runId, tick } = lastOf(first);
    assert.deepEqual([event, runId, tick], ['finished', 'one', 40]);
    const more = await run(
      example('particles'),
      '--steps',
      '20',
      '--resume',
      '--checkpoint-dir',
      directory,
    );
    const straight = await run(example('particles'), '--until', '60');
    assert.equal(lastOf(more).stateHash, lastOf(straight).stateHash);
    assert.equal(lastOf(more).tick, 60);
    const none = await run(
      example('particles'),
      '--until',
      '10',
      '--resume',
      'one',
      '--checkpoint-dir',
      directory,
    );
    assert.equal(lastOf(none).tick, 60);
  });

  it('has other numbers with another seed or parameter', async () => {
    const hashes = await Promise.all(
      [[], ['--seed', '2'], ['--param', 'gravity=1.6', '--param', 'births=3']].map(
        async (more) => lastOf(await run(example('particles'), '--steps', '10', ...more)).stateHash,
      ),
    );
    assert.equal(new Set(hashes).size, 3);
  });

  it('drops checkpoints instead of waiting, and counts them', async () => {
    const ran = await run(
      example('particles'),
      '--steps',
      '300',
      '--checkpoint-stride',
      '1',
      '--checkpoint-dir',
      fresh(),
    );
    assert.ok(linesOf(ran).some(({ event }) => event === 'checkpoint:dropped'));
    assert.equal(
      lastOf(ran).stateHash,
      lastOf(await run(example('particles'), '--steps', '300')).stateHash,
    );
  });

  it('says what it was told wrong', async () => {
    const world = example('particles');
    assert.equal((await refusal(world, '--steps', '1', '--until', '2')).code, 'USAGE_INVALID');
    assert.equal((await refusal(world, '--resume', '--seed', '2')).code, 'USAGE_INVALID');
    assert.equal((await refusal(world, '--param', 'gravity')).code, 'USAGE_INVALID');
    assert.equal((await refusal(world, '--param', 'colour=1')).code, 'WORLD_PARAMETER_UNKNOWN');
    assert.equal(
      (await refusal(world, '--resume', '--checkpoint-dir', fresh())).code,
      'RUN_UNKNOWN',
    );
    assert.equal((await refusal(place)).code, 'WORLD_NOT_FOUND');
    const lens = path.join(place, 'frames.lens');
    writeFileSync(lens, Buffer.alloc(4096, 'lens'));
    assert.equal(
      (await refusal(world, '--resume', lens, '--checkpoint-dir', fresh())).code,
      'CKPT_FOREIGN',
    );
  });
});

describe('a changed world', () => {
  const copy = (change: (text: string) => string): string => {
    const directory = fresh();
    cpSync(example('particles'), directory, { recursive: true });
    writeFileSync(path.join(directory, 'motion.ts'), change(MOTION));
    return directory;
  };
  const MOTION = `// One line.
export const BOUNCE = 0.6;
export interface Sparks { readonly position: Float64Array; readonly velocity: Float64Array; readonly age: Float64Array }
export function fly(count: number, from: Sparks, to: Sparks, air: object): void {
  for (let i = 0; i < 2 * count; i += 1) { to.position[i] = from.position[i]! * BOUNCE; to.velocity[i] = 0; }
  for (let i = 0; i < count; i += 1) to.age[i] = from.age[i]! + Object.keys(air).length;
}
`;
  it('is refused by the name of what changed, and forced with a warning', async () => {
    const directory = fresh();
    await run(
      copy((text) => text),
      '--steps',
      '5',
      '--checkpoint-dir',
      directory,
    );
    const same = await run(
      copy((text) => `// More.\n${text}`),
      '--steps',
      '1',
      '--resume',
      '--checkpoint-dir',
      directory,
    );
    assert.equal(same.status, 0, same.stderr);
    const changed = copy((text) => text.replace('0.6', '0.7'));
    const { code, message } = await refusal(
      changed,
      '--steps',
      '1',
      '--resume',
      '--checkpoint-dir',
      directory,
    );
    assert.equal(code, 'RUN_WORLD_CHANGED');
    assert.match(message, /module motion\.ts \(\w{8} to \w{8}\)\.$/);
    const forced = await run(
      changed,
      '--steps',
      '1',
      '--force-resume',
      '--checkpoint-dir',
      directory,
    );
    assert.equal(lastOf(forced).tick, 7);
    assert.ok(
      linesOf(forced).some(({ event, text }) => event === 'warned' && text!.includes('motion.ts')),
    );
  });
});

describe('a real process', () => {
  it('that is interrupted writes a last checkpoint and ends with 130', async () => {
    const directory = fresh();
    const args = ['run', example('particles'), '--checkpoint-dir', directory, '--run-id', 'i'];
    const ran = await stillpoint([...args, '--json', '--seed', 'k'], {
      cwd: place,
      meanwhile: async (child) => {
        for await (const line of createInterface({ input: child.stdout! }))
          if ((JSON.parse(line) as Line).event === 'started') break;
        child.kill('SIGINT');
      },
    });
    assert.equal(ran.status, 130, ran.stderr);
    assert.match(ran.stderr, /RUN_INTERRUPTED/);
    const { error } = JSON.parse(ran.stderr.trimEnd().split('\n').at(-1)!) as {
      error: { message: string; hint: string };
    };
    assert.match(error.message, /Its state is in .*checkpoint_\d{10}\.ckpt\.$/);
    assert.match(error.hint, /--resume i --checkpoint-dir/);
    const particles = example('particles');
    const rest = lastOf(
      await run(particles, '--steps', '50', '--resume', 'i', '--checkpoint-dir', directory),
    );
    const straight = await run(particles, '--until', String(rest.tick), '--seed', 'k');
    assert.equal(rest.stateHash, lastOf(straight).stateHash);
  });
});

describe('stillpoint world', () => {
  it('shows what it defines', async () => {
    const shown = await inProcess(['world', 'show', example('terra')], { cwd: place });
    assert.equal(shown.status, 0, shown.stderr);
    assert.match(shown.stdout, /temperature +f64 +512 x 1024 +K/);
    assert.match(shown.stdout, /identity +blake3:[0-9a-f]{64}\n$/);
    const json = await inProcess(['world', 'show', example('terra'), '--json'], { cwd: place });
    const { ir, identity } = JSON.parse(json.stdout) as {
      ir: { name: string };
      identity: { name: string };
    };
    assert.deepEqual([ir.name, identity.name], ['terra', 'terra']);
  });

  it('is linted, with status 1 where something is found', async () => {
    const fine = await inProcess(['world', 'lint', example('terra')], { cwd: place });
    assert.equal(fine.status, 0, fine.stdout);
    const directory = fresh();
    mkdirSync(directory);
    writeFileSync(
      path.join(directory, 'world.ts'),
      `import { defineWorld } from '@stillpoint/sim';
export default defineWorld({
  name: 'bad',
  signals: { x: {} },
  strata: { s: { step: (w) => void (w.current.x[0] = Math.sin(Date.now())) } },
});
`,
    );
    const found = await inProcess(['world', 'lint', directory], { cwd: place });
    assert.equal(found.status, 1);
    assert.match(found.stdout, /^world\.ts:5:54: Math\.sin\. Use det\.sin/m);
    assert.match(found.stdout, /^world\.ts:5:63: Date\. /m);
    assert.match(found.stderr, /WORLD_LINT/);
    const ran = await inProcess(['run', directory, '--steps', '1'], { cwd: place });
    assert.equal(ran.status, 0);
    assert.match(ran.stderr, /warning: world\.ts:5:54/);
  });
});
