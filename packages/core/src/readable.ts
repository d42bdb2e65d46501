// Numbers as people read them. JSON has the plain ones instead.

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** 1536 is '1.5 kB': steps of 1000, as parseSize() reads these letters; at most three digits. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (Math.abs(value) >= 999.5 && step < units.length - 1) {
    value /= 1000;
    step++;
  }
  const digits = step === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[step]}`;
}

/** '1 snapshot', '3 snapshots', '0 repositories'. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
