// One command from its start to its end, in a process of its own as people run it: how long, and how much memory it and all that it
// started had at most. Linux keeps the largest size of each process for as long as that lives, so a look now and then is enough.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

export interface Measured {
  readonly seconds: number;
  /** Of all its processes at the same time, as far as it was seen. */
  readonly peakMb: number;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

const lookEveryMs = 25;
const keptErrorCharacters = 4000;

/** Rejects with what the command said when it fails. */
export async function measureCommand(
  program: string,
  args: readonly string[],
  { cwd, env, signal }: CommandOptions,
): Promise<Measured> {
  signal.throwIfAborted();
  const startedMs = performance.now();
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'], signal });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-keptErrorCharacters);
  });
  let peakKb = 0;
  const timer = setInterval(() => {
    if (child.pid !== undefined) peakKb = Math.max(peakKb, memoryKb(child.pid));
  }, lookEveryMs);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    const seconds = (performance.now() - startedMs) / 1000;
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${said}`);
    return { seconds, peakMb: (peakKb * 1024) / 1e6 };
  } finally {
    clearInterval(timer);
  }
}

/** The first process by its largest size so far, those that it started by their size now. */
function memoryKb(pid: number): number {
  return lineOf(pid, 'VmHWM') + startedBy(pid).reduce((sum, one) => sum + sizeKb(one), 0);
}

function sizeKb(pid: number): number {
  return lineOf(pid, 'VmRSS') + startedBy(pid).reduce((sum, one) => sum + sizeKb(one), 0);
}

function lineOf(pid: number, name: string): number {
  const status = read(`/proc/${pid}/status`);
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}

function startedBy(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}
