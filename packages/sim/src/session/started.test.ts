// Whoever reads that a run is started may ask it something at once.
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { askRun, findRunSocket, type ControlStatus } from '../control/index.ts';
import { loadWorld } from '../world/index.ts';
import { writeRandomWorld } from '../world/testing/random-world.ts';
import type { SessionEvent, SessionOptions } from './contract.ts';
import { simulate } from './index.ts';

test('a run that says it is started answers, is the latest, and says the tick that it goes on from', async (t) => {
  const place = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'session-started-')));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  await writeRandomWorld(3, path.join(place, 'world'));
  const loaded = await loadWorld(path.join(place, 'world'));
  const directory = path.join(place, 'runs');
  const session = (options: Partial<SessionOptions>, begin: 'new' | 'resume') =>
    simulate({
      loaded,
      ...options,
      store: { directory, beginning: { begin }, socketDirectory: path.join(place, 's') },
    });
  await session({ steps: 50 }, 'new');

  const asked: Promise<ControlStatus>[] = [];
  const ask = async (runId: string): Promise<ControlStatus> => {
    const living = (await findRunSocket(realpathSync(path.join(directory, 'latest'))))!;
    const call = { socket: living.socket, runId, timeoutMs: 20_000 };
    const status = (await askRun({ ...call, method: 'status' })) as ControlStatus;
    await askRun({ ...call, method: 'stop' });
    return status;
  };
  const onEvent = (event: SessionEvent): void => {
    if (event.type === 'started') asked.push(ask(event.runId!));
  };
  for (const begin of ['resume', 'new'] as const) {
    const end = await session({ onEvent }, begin);
    const status = await asked.pop()!;
    assert.equal(end.reason, 'stopped');
    assert.equal(status.runId, end.runId);
    assert.ok(status.tick >= (begin === 'resume' ? 50 : 0), String(status.tick));
  }
});
