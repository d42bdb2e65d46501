// The directory as `diff` sees it: what a snapshot would capture now, and what one has captured. Reads only. Times and owners
// are no difference here.
import { digestOf, type Json } from '@stillpoint/core';
import {
  bytesOfName,
  pathsBelow,
  readTarget,
  showName,
  whileThere,
  type ByteName,
} from '../../file-tree/index.ts';
import type { ObjectSource, TreeAccess, TreeEntry, TreeView } from '../contract.ts';
import { hashFile } from './content.ts';
import type { FilesContext } from './context.ts';
import { parseRecord, readListing, type ListedEntry } from './record.ts';

export function createTreeAccess(context: FilesContext): TreeAccess {
  return {
    live: (signal) => readLive(context, signal),
    captured: (record, source) => readCaptured(context, record, source),
  };
}

async function readLive(context: FilesContext, signal: AbortSignal): Promise<TreeView> {
  const at = pathsBelow(context.directory);
  const cache = await context.openCache();
  const entries = new Map<string, TreeEntry>();
  for (const [name, stat] of await context.walk(context.exclusions(), signal)) {
    const { kind, sizeBytes } = stat;
    if (kind === 'link') {
      const read = async () => digestOf(bytesOfName(readTarget(at(name))));
      entries.set(name, { ...about(name), ...linkOf(sizeBytes), digest: () => whileThere(read) });
    } else if (kind === 'file') {
      const known = cache.lookup(name, stat)?.id;
      const read = async () => known ?? (await hashFile(at(name), sizeBytes, signal));
      const { mode } = stat;
      entries.set(name, {
        ...about(name),
        kind,
        mode,
        sizeBytes,
        digest: () => whileThere(read),
      });
    }
  }
  return { entries };
}

async function readCaptured(
  { source: name }: FilesContext,
  json: Json,
  source: ObjectSource,
): Promise<TreeView> {
  const entries = new Map<string, TreeEntry>();
  for (const entry of await readListing(name, parseRecord(name, json), source)) {
    if (entry.type !== 'directory') entries.set(entry.path, toTreeEntry(entry));
  }
  return { entries };
}

function toTreeEntry(entry: Exclude<ListedEntry, { type: 'directory' }>): TreeEntry {
  if (entry.type === 'file') {
    const { mode, sizeBytes, digest } = entry;
    return { ...about(entry.path), kind: 'file', mode, sizeBytes, digest: async () => digest };
  }
  const target = bytesOfName(entry.target);
  const digest = digestOf(target);
  return { ...about(entry.path), ...linkOf(target.byteLength), digest: async () => digest };
}

function about(name: ByteName): { readonly path: string; readonly dependencyLock: false } {
  return { path: showName(name), dependencyLock: false };
}

function linkOf(sizeBytes: number): { kind: 'link'; mode: number; sizeBytes: number } {
  return { kind: 'link', mode: 0, sizeBytes };
}
