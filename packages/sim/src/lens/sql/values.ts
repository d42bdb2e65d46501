// Values of DuckDB as JavaScript has them, so that they travel between threads and nothing of them is lost.
import type { DuckDBValue } from '@duckdb/node-api';
import type { LensSqlValue } from './contract.ts';

export function plainValue(value: DuckDBValue): LensSqlValue {
  if (typeof value !== 'object' || value === null) return value;
  if ('items' in value) return value.items.map(plainValue);
  if ('bytes' in value) return value.bytes.slice();
  if ('tag' in value) return { [value.tag]: plainValue(value.value) };
  if ('entries' in value) {
    const { entries } = value;
    return Array.isArray(entries)
      ? entries.map((one) => ({ key: plainValue(one.key), value: plainValue(one.value) }))
      : Object.fromEntries(Object.entries(entries).map(([name, one]) => [name, plainValue(one)]));
  }
  // Decimals, dates, times, intervals, bits, UUIDs.
  return String(value);
}
