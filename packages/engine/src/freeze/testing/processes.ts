// Finding the processes that a test started, and theirs, by a variable in their environment.
import { readdirSync, readFileSync } from 'node:fs';

export function findMarked(variable: string, value: string): number[] {
  return allProcesses().filter(
    (pid) => pid !== process.pid && isMarked(pid, `${variable}=${value}`),
  );
}

/** Our own children with this word in their command line. */
export function findChildren(word: string): number[] {
  return allProcesses().filter(
    (pid) => parentOf(pid) === process.pid && read(pid, 'cmdline').includes(word),
  );
}

function parentOf(pid: number): number {
  const stat = read(pid, 'stat');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function allProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function read(pid: number, what: string): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8');
  } catch {
    return '';
  }
}

function isMarked(pid: number, entry: string): boolean {
  return read(pid, 'environ').split('\0').includes(entry);
}
