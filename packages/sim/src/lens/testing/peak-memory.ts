// How much memory a process took at most, as the kernel counts it.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { promisify } from 'node:util';

/** A process that is measured begins with it: as the command does. */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Of this process so far. What getrusage counts begins with the memory of the process that started this one. */
export function peakBytes(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
}

/** Runs a program of the tests, which ends with a line of JSON, and gives that. */
export async function lastLineOf(program: string, args: readonly string[]): Promise<unknown> {
  const flags = ['--conditions=@stillpoint/source', '--no-warnings'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, ...args]);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
}
