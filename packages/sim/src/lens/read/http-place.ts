// The directory of a run behind HTTP: its files are those that its manifest names, read by range requests.
import { failure } from '@stillpoint/core';
import { setTimeout as wait } from 'node:timers/promises';
import { parseManifest } from '../record/index.ts';
import type { LensPlace } from './contract.ts';
import { farSource, type FarBytes, type FarRange } from './far-source.ts';

const MANIFEST = 'manifest.json';
const ATTEMPTS = 3;
const FIRST_WAIT_MS = 200;
/** Of a server, or of what stands before it, that has no time. */
const PASSING = [429, 500, 502, 503, 504];

/** Throws LENS_PLACE_REFUSED, LENS_PLACE_MISSING, LENS_PLACE_UNREACHABLE, LENS_PLACE_CHANGED. */
export function httpPlace(address: string): LensPlace {
  const base = address.endsWith('/') ? address : `${address}/`;
  const list = async (signal?: AbortSignal): Promise<readonly string[]> => {
    const url = new URL(MANIFEST, base);
    const response = await ask(url, {}, signal);
    if (response.status === 404) throw missing(address, MANIFEST);
    if (!response.ok) throw refused(url, response);
    const manifest = parseManifest(await textOf(url, response, signal));
    if (manifest === undefined) throw refused(url, response);
    return [...manifest.chunks.map(({ file }) => file), MANIFEST];
  };
  return {
    name: address,
    list,
    async open(name, signal) {
      const url = new URL(encodeURIComponent(name), base);
      try {
        return await farSource(
          String(url),
          async (range, signal) => await readRange(url, range, signal),
          signal,
        );
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        // Pruned or merged since it was listed; or it never came to the server, and then nothing may pass over it.
        if ((await list(signal)).includes(name)) throw missing(address, name);
        throw error;
      }
    },
  };
}

async function readRange(url: URL, range: FarRange, signal?: AbortSignal): Promise<FarBytes> {
  const isEnd = 'lastBytes' in range;
  const asked = isEnd
    ? `-${range.lastBytes}`
    : `${range.offsetBytes}-${range.offsetBytes + range.lengthBytes - 1}`;
  const response = await ask(url, { range: `bytes=${asked}` }, signal);
  const { status } = response;
  if (status === 404 || status === 410) throw gone(url);
  // It begins behind the end: the file is shorter than it was, or has nothing in it.
  if (status === 416 && !isEnd) throw failure('LENS_PLACE_CHANGED', { what: String(url) });
  const found = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  const encoding = response.headers.get('content-encoding') ?? 'identity';
  const length = Number(response.headers.get('content-length') ?? 0);
  if (isEnd && status === 200 && length > 0) {
    // It knows no range from the end, or no range at all; it said how long the file is.
    await response.body?.cancel();
    const offsetBytes = Math.max(length - range.lastBytes, 0);
    const end = { offsetBytes, lengthBytes: length - offsetBytes, version: undefined };
    return await readRange(url, end, signal);
  }
  // 200: it would send all of it. Of what was packed on the way a range means nothing.
  if (status !== 206 || found === null || encoding !== 'identity') {
    await response.body?.cancel();
    throw refused(url, response);
  }
  const [from, to, sizeBytes] = found.slice(1).map(Number) as [number, number, number];
  const bytes = new Uint8Array(await bodyOf(url, response, signal));
  const expected = isEnd
    ? { from: Math.max(sizeBytes - range.lastBytes, 0), to: sizeBytes - 1 }
    : { from: range.offsetBytes, to: range.offsetBytes + range.lengthBytes - 1 };
  if (!isEnd && sizeBytes <= expected.to)
    throw failure('LENS_PLACE_CHANGED', { what: String(url) });
  if (from !== expected.from || to !== expected.to || bytes.length !== to - from + 1)
    throw refused(url, response);
  const { headers } = response;
  return {
    bytes,
    sizeBytes,
    version: headers.get('etag') ?? headers.get('last-modified') ?? undefined,
  };
}

/** Asks again, some times, where it may help. */
async function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Response> {
  const init = { headers: { ...headers, 'accept-encoding': 'identity' }, signal: signal ?? null };
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === ATTEMPTS;
    try {
      const response = await fetch(url, init);
      if (isLast || !PASSING.includes(response.status)) return response;
      await response.body?.cancel();
    } catch (error) {
      signal?.throwIfAborted();
      if (isLast) throw unreachable(url, error);
    }
    await wait(FIRST_WAIT_MS * 2 ** (attempt - 1), undefined, signal && { signal });
  }
}

async function bodyOf(url: URL, response: Response, signal?: AbortSignal): Promise<ArrayBuffer> {
  try {
    return await response.arrayBuffer();
  } catch (error) {
    // Whatever its reason: a time that is up is no server that cannot be reached.
    signal?.throwIfAborted();
    throw unreachable(url, error);
  }
}

async function textOf(url: URL, response: Response, signal?: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await bodyOf(url, response, signal));
}

function unreachable(url: URL, error: unknown): Error {
  const { cause, message } = error as Error;
  const reason = cause instanceof Error && cause.message !== '' ? cause.message : message;
  return failure('LENS_PLACE_UNREACHABLE', { what: String(url), reason }, error);
}

function missing(place: string, what: string): Error {
  return failure('LENS_PLACE_MISSING', { place, what });
}

/** As a directory says it. */
function gone(url: URL): Error {
  return Object.assign(new Error(`${String(url)} is not there`), { code: 'ENOENT' });
}

function refused(url: URL, { status }: Response): Error {
  return failure('LENS_PLACE_REFUSED', { what: String(url), status });
}
