// Makes the pictures of docs/guide/lens.md: runs the planet of examples/terra with a lens, and plots it by the commands that the guide
// shows. Pictures follow from world, seed and ticks alone: made again they are the same bytes, unless the disk was too slow for a frame,
// which is refused.
// usage: node tools/on-node24.js tools/guide-pictures.ts
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const COMMAND = path.join(ROOT, 'packages/stillpoint/src/cli/main.ts');
const PICTURES = path.join(ROOT, 'docs/guide/pictures');

const run = `run ${path.join(ROOT, 'examples/terra')} --steps 400 --run-id terra --lens-stride 10 --lens-precision bits:12`;

/** By the name of the file. At tick 400 land has cooled, and water has not. */
const plots: Readonly<Record<string, string>> = {
  'terra-map.png': 'atmosphere.temperature --tick 400',
  'terra-globe.png':
    'atmosphere.temperature --tick 400 --projection sphere --centre=-50,25 --colours inferno',
  'terra-plates.png': 'plates.velocity --tick 400',
  'terra-series.png':
    'atmosphere.temperature --series --position=-85,0 --position=60,0 --position=90,60 --position=0,90',
  'terra-spin.gif':
    'atmosphere.temperature --animate --ticks 0:400:2 --fps 6 --projection sphere --centre=-50,25 --colours inferno --size 360x320',
};

function stillpoint(directory: string, args: string): string {
  const flags = ['--conditions=@stillpoint/source', COMMAND, ...args.split(' ')];
  const { status, stdout } = spawnSync(process.execPath, flags, {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`stillpoint ${args} ended with ${status}`);
  return stdout;
}

const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-pictures-'));
try {
  stillpoint(directory, run);
  const info = JSON.parse(stillpoint(directory, 'lens info terra --json')) as {
    dropped: unknown[];
  };
  if (info.dropped.length > 0)
    throw new Error('frames were dropped: make them where the disk is faster');
  mkdirSync(PICTURES, { recursive: true });
  for (const [name, plot] of Object.entries(plots)) {
    process.stdout.write(stillpoint(directory, `lens plot ${plot} -o ${name}`));
    copyFileSync(path.join(directory, name), path.join(PICTURES, name));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
