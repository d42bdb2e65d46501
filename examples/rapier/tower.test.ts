// The tower falls the same way whether the program was killed or not. Rapier's own snapshot carries all that its next step depends on:
// where an engine's does not, this is the test that shows it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('tower.ts', import.meta.url));
const TICKS = 800;

/** With `killed`: as soon as another checkpoint has its name. Resolves to what was printed. */
async function run(directory: string, killed = false): Promise<string> {
  const watcher = killed ? watch(directory, { recursive: true }) : undefined;
  const args = ['--conditions=@stillpoint/source', program, String(TICKS), directory];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  watcher?.on('change', (_, name) => {
    if (String(name).endsWith('.ckpt')) child.kill('SIGKILL');
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [status] = (await once(child, 'close')) as [number | null];
  watcher?.close();
  if (!killed) assert.equal(status, 0);
  return said;
}

test('a tower that was killed in its fall ends as the one that fell undisturbed', async (t) => {
  const directories = ['straight', 'killed'].map((name) =>
    mkdtempSync(path.join(tmpdir(), `stillpoint-tower-${name}-`)),
  );
  t.after(async () => {
    for (const one of directories) await rm(one, { recursive: true, force: true });
  });
  const [straight = '', killed = ''] = directories;
  const expected = await run(straight);
  assert.match(expected, /^tick 800: [0-9a-f]{64}\n$/);
  await run(killed, true);
  await run(killed, true);
  const resumed = await run(killed);
  assert.match(resumed, /^goes on from tick \d+\n/);
  assert.ok(resumed.endsWith(expected), `${expected}${resumed}`);
});
