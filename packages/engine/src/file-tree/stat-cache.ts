// Remembers, from one snapshot to the next, which raw bytes (by a name for them) a file with a given stat holds, so that
// only changed files are read again. It may vanish at any time and is checked as a whole before it is believed; it
// never says where bytes are stored. Files whose times were too fresh when they were read are not remembered.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { digestOf, makeDirectory, writeFileAtomic } from '@stillpoint/core';
import { isRacy, sameStat, type FileStat } from './file-stat.ts';
import type { ByteName } from './names.ts';

export interface Remembered {
  readonly stat: FileStat;
  readonly id: string;
  /** blake3 of the bytes, where the lockfile wants it. */
  readonly digest?: string;
}

export interface StatCache {
  /** What the file holds if it is still the one remembered. */
  lookup(name: ByteName, stat: FileStat): Remembered | undefined;
  save(
    entries: Iterable<readonly [ByteName, Remembered & { readonly readAtMs: number }]>,
  ): Promise<void>;
}

type Row = [
  name: string,
  mode: number,
  size: number,
  mtime: number,
  ctime: number,
  inode: number,
  id: string,
  digest?: string,
];

const trustMarginMs = 1000;

/** `identity` says what the names and ids mean: a cache of anything else is not used. */
export async function openStatCache(file: string, identity: string): Promise<StatCache> {
  let remembered = await load(file, identity);
  return {
    lookup(name, stat) {
      const found = remembered.get(name);
      return found !== undefined && sameStat(found.stat, stat) ? found : undefined;
    },
    async save(entries) {
      const kept = new Map<ByteName, Remembered>();
      for (const [name, entry] of entries) {
        if (!isRacy(entry.stat, entry.readAtMs, trustMarginMs)) kept.set(name, entry);
      }
      remembered = kept;
      const body = JSON.stringify([identity, [...kept].map(toRow)]);
      await makeDirectory(path.dirname(file));
      await writeFileAtomic(file, `${digestOf(Buffer.from(body))}\n${body}`);
    },
  };
}

async function load(file: string, identity: string): Promise<Map<ByteName, Remembered>> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const newline = text.indexOf('\n');
  const body = text.slice(newline + 1);
  if (newline < 0 || digestOf(Buffer.from(body)) !== text.slice(0, newline)) return new Map();
  const [owner, rows] = JSON.parse(body) as [string, Row[]];
  return owner === identity ? new Map(rows.map(fromRow)) : new Map();
}

function toRow([name, { stat, id, digest }]: [ByteName, Remembered]): Row {
  const row: Row = [name, stat.mode, stat.sizeBytes, stat.mtimeMs, stat.ctimeMs, stat.inode, id];
  if (digest !== undefined) row.push(digest);
  return row;
}

function fromRow([name, mode, sizeBytes, mtimeMs, ctimeMs, inode, id, digest]: Row): [
  ByteName,
  Remembered,
] {
  const stat = { kind: 'file', mode, sizeBytes, mtimeMs, ctimeMs, inode } as const;
  return [name as ByteName, digest === undefined ? { stat, id } : { stat, id, digest }];
}
