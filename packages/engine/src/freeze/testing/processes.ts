// Finding the processes that a test started, and theirs, by a variable in their environment.
import { readdirSync, readFileSync } from 'node:fs';

export function findMarked(variable: string, value: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isMarked(pid, `${variable}=${value}`));
}

function isMarked(pid: number, entry: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(entry);
  } catch {
    return false;
  }
}
