// Starts a freezer as a process of its own and lets a test do to it what machines do to processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { newUuid } from '@stillpoint/core';
import { eventually } from './eventually.ts';
import { findMarked } from './processes.ts';

export interface Freezer extends AsyncDisposable {
  readonly pid: number;
  /** Lines that it has said. */
  readonly said: readonly string[];
  hears(line: string, timeoutMs: number): Promise<void>;
  /** Resolves when it is gone. */
  kill(): Promise<void>;
  stop(): void;
  /** Lets a stopped one go on and ends its body; resolves to what it said in the end. */
  goOn(): Promise<string>;
  /** Kills what it started, the watchdog too. */
  killDescendants(): void;
  /** Every process that it started, and the watchdog, are gone. */
  leavesNothing(timeoutMs: number): Promise<void>;
}

const marker = 'STILLPOINT_TEST_FREEZER';

export function startFreezer(program: string, given: object): Freezer {
  const id = newUuid();
  const flags = ['--no-warnings', '--conditions=@stillpoint/source'];
  const child = spawn(process.execPath, [...flags, program, JSON.stringify(given)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, [marker]: id },
  });
  const pid = child.pid ?? 0;
  const exited = once(child, 'exit');
  child.stdin.on('error', () => {});
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => said.push(line));
  const closed = once(lines, 'close');

  let goneWith: string | undefined;
  child.on('close', (status, signal) => (goneWith = String(status ?? signal)));
  const hears = (line: string, timeoutMs: number): Promise<void> =>
    eventually(
      () => {
        if (goneWith === undefined || said.includes(line)) return said.includes(line);
        throw new Error(`the freezer ended with ${goneWith} and had said: ${said.join()}`);
      },
      timeoutMs,
      `the freezer says ${line}`,
    );
  return {
    pid,
    said,
    hears,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    stop: () => void child.kill('SIGSTOP'),
    async goOn() {
      child.stdin.write('go on\n');
      child.kill('SIGCONT');
      await Promise.all([exited, closed]);
      return said.at(-1) ?? '';
    },
    killDescendants() {
      for (const left of findMarked(marker, id)) if (left !== pid) process.kill(left, 'SIGKILL');
    },
    leavesNothing: (timeoutMs) =>
      eventually(() => findMarked(marker, id).length === 0, timeoutMs, 'no process is left'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await exited;
      for (const left of findMarked(marker, id)) process.kill(left, 'SIGKILL');
    },
  };
}

/** A machine under load may eat the budget before anybody holds still: that freeze gave up rightly, and another is begun. */
export async function untilHolding(start: () => Freezer, timeoutMs: number): Promise<Freezer> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const freezer = start();
    const remainingMs = deadline - performance.now();
    try {
      await freezer.hears('holding', remainingMs);
      return freezer;
    } catch (error) {
      await freezer[Symbol.asyncDispose]();
      if (!freezer.said.includes('ended FREEZE_BUDGET_EXCEEDED')) throw error;
    }
  }
}
