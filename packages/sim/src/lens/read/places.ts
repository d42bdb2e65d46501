// Places that a lens is read from.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import { fileSource } from '../../zip/index.ts';
import type { RangeSource } from '../../zip/contract.ts';
import type { LensManifest } from '../record/index.ts';
import type { LensPlace } from './contract.ts';

/** `lens/{runId}`, or the directory of one file. */
export function directoryPlace(directory: string): LensPlace {
  return {
    name: directory,
    list: () => readdir(directory),
    open: (name) => fileSource(path.join(directory, name)),
  };
}

/** One `.lens` file by itself. */
export function filePlace(file: string): LensPlace {
  const name = path.basename(file);
  return { name: file, list: async () => [name], open: () => fileSource(file) };
}

/**
 * The directory of a run behind HTTP: its files are those that its manifest names, read by range requests. Throws LENS_PLACE_REFUSED
 * where the server answers anything else.
 */
export function httpPlace(address: string): LensPlace {
  const base = address.endsWith('/') ? address : `${address}/`;
  return {
    name: address,
    async list(signal) {
      const response = await fetch(new URL('manifest.json', base), { signal: signal ?? null });
      if (!response.ok) throw refused(response, 'manifest.json');
      const { chunks } = (await response.json()) as LensManifest;
      return [...chunks.map(({ file }) => file), 'manifest.json'];
    },
    open: async (name, signal) => await httpSource(new URL(name, base), signal),
  };
}

async function httpSource(url: URL, signal?: AbortSignal): Promise<RangeSource & AsyncDisposable> {
  const head = await fetch(url, { method: 'HEAD', signal: signal ?? null });
  const sizeBytes = Number(head.headers.get('content-length') ?? Number.NaN);
  if (!head.ok || !Number.isSafeInteger(sizeBytes)) throw refused(head, url.pathname);
  return {
    name: String(url),
    sizeBytes,
    async read(offsetBytes, lengthBytes, signal) {
      if (lengthBytes === 0) return new Uint8Array();
      const range = `bytes=${offsetBytes}-${offsetBytes + lengthBytes - 1}`;
      const response = await fetch(url, { headers: { range }, signal: signal ?? null });
      // 200: it would send all of it.
      if (response.status !== 206) {
        await response.body?.cancel();
        throw refused(response, url.pathname);
      }
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.length !== lengthBytes) throw refused(response, url.pathname);
      return bytes;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function refused({ status }: Response, what: string): Error {
  return failure('LENS_PLACE_REFUSED', { what, status });
}
