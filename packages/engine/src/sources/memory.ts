// The reference driver: the smallest thing that upholds the law of contract.ts. Its "live system" is a world of
// entries in memory; the shared suite and the engine's own tests run on it. Nobody captures memory for real.
import { canonicalBytes, failure, type Json } from '@stillpoint/core';
import type { CaptureSession, Placement, SourceDriver, StreamRef } from './contract.ts';

/** The live system of a memory driver; outlives the driver, as a server outlives the command. */
export interface MemoryWorld {
  entries: Map<string, string>;
  exists: boolean;
  open: boolean;
}

export function createMemoryWorld(entries: Iterable<readonly [string, string]> = []): MemoryWorld {
  return { entries: new Map(entries), exists: true, open: true };
}

export function createMemoryDriver(name: string, world: MemoryWorld): SourceDriver {
  const driver: SourceDriver = {
    kind: 'memory',
    name,
    supports: {
      closes: true,
      capturesWhileLive: true,
      incremental: true,
      preparesFromNothing: true,
    },
    async exists() {
      return world.exists;
    },
    async probe() {
      const bytes = toBytes(world.entries).byteLength;
      return { strategy: 'memory', bytesTotal: bytes, bytesNext: bytes, notes: [] };
    },
    async begin({ sink }) {
      let marked: Uint8Array | undefined;
      const session: CaptureSession = {
        async mark(signal) {
          signal.throwIfAborted();
          marked = toBytes(world.entries);
        },
        async capture() {
          if (marked === undefined) throw new TypeError('capture() before mark()');
          const content = await sink.writeBytes(marked);
          return {
            record: { version: 1, content: { ...content } },
            strategy: 'memory',
            bytesTotal: marked.byteLength,
          };
        },
        async [Symbol.asyncDispose]() {},
      };
      return session;
    },
    async compare(record, source) {
      const target = fromBytes(await source.readBytes(contentOf(record)));
      const changed = [...new Set([...target.keys(), ...world.entries.keys()])].filter(
        (key) => target.get(key) !== world.entries.get(key),
      );
      return { summary: `${changed.length} entries change`, details: changed };
    },
    async *references(record) {
      yield contentOf(record);
    },
    async prepare(record, { source }) {
      const entries = fromBytes(await source.readBytes(contentOf(record)));
      return { entries: [...entries] };
    },
    async prove(placement) {
      return { checks: [`${entriesOf(placement).length} entries are there`] };
    },
    async placementOfUndo(record, options) {
      return driver.prepare(record, options);
    },
    async close({ verifyHeld }) {
      if (!world.open) return;
      world.open = false;
      try {
        await verifyHeld();
      } catch (error) {
        world.open = true;
        throw error;
      }
    },
    async switch(placement) {
      if (world.exists && world.open) throw new TypeError('switch() of an open world');
      world.entries = new Map(entriesOf(placement));
      world.exists = true;
      return { kept: [] };
    },
    async open() {
      world.open = true;
    },
    async abandon() {},
    async finish() {},
    async [Symbol.asyncDispose]() {},
  };
  return driver;
}

/** Wraps a driver so that one method fails when `shouldFail` says so: for tests of everything above drivers. */
export function createFaultyDriver(
  inner: SourceDriver,
  shouldFail: (method: keyof SourceDriver | 'mark' | 'capture') => boolean,
): SourceDriver {
  const fail = (method: string): never => {
    throw failure('DRIVER_FAULT', { source: inner.name, method });
  };
  return new Proxy(inner, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof value !== 'function' || typeof key === 'symbol') return value;
      return async (...args: unknown[]) => {
        if (shouldFail(key as keyof SourceDriver)) fail(key);
        const result: unknown = await Reflect.apply(value, target, args);
        return key === 'begin' ? faultySession(result as CaptureSession, shouldFail, fail) : result;
      };
    },
  });
}

function faultySession(
  inner: CaptureSession,
  shouldFail: (method: 'mark' | 'capture') => boolean,
  fail: (method: string) => never,
): CaptureSession {
  return {
    mark: async (signal) => (shouldFail('mark') ? fail('mark') : inner.mark(signal)),
    capture: async () => (shouldFail('capture') ? fail('capture') : inner.capture()),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

function toBytes(entries: ReadonlyMap<string, string>): Uint8Array {
  return canonicalBytes([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function fromBytes(bytes: Uint8Array): Map<string, string> {
  return new Map(JSON.parse(Buffer.from(bytes).toString('utf8')) as [string, string][]);
}

function contentOf(record: Json): StreamRef {
  return (record as unknown as { content: StreamRef }).content;
}

function entriesOf(placement: Placement): [string, string][] {
  return (placement as unknown as { entries: [string, string][] }).entries;
}
