// States for the tests of checkpoints: some sections of every kind of number in one shared buffer, and the facts that go with them.
import { digestOf } from '@stillpoint/core';
import type { ArrayOf, DType } from '../../state/contract.ts';
import type { CheckpointFacts, CheckpointOffer, SectionSource } from '../contract.ts';
import { writeCheckpointFile } from '../file-writer.ts';
import { bytesPerElement } from '../../state/index.ts';

export interface SectionShape {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly kind?: SectionSource['kind'];
}

export interface TestState {
  readonly sections: readonly SectionSource[];
  readonly buffer: SharedArrayBuffer;
  /** The plain bytes of a section, live. */
  bytes(name: string): Uint8Array;
}

/** 32 bits of xorshift, for reproducible content. */
export function randomFrom(seed: number): () => number {
  let state = seed || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

export const smallShapes: readonly SectionShape[] = [
  { name: 'current/@clock', dtype: 'f64', shape: [4], kind: 'clock' },
  { name: 'current/@random', dtype: 'u32', shape: [2, 4], kind: 'random' },
  { name: 'current/temperature', dtype: 'f64', shape: [9, 18] },
  { name: 'current/particle@instances', dtype: 'u32', shape: [37], kind: 'instances' },
  { name: 'current/particle.position', dtype: 'f32', shape: [37, 3], kind: 'member' },
  { name: 'current/particle.flags', dtype: 'u8', shape: [37], kind: 'member' },
  { name: 'current/empty.value', dtype: 'i16', shape: [0, 2], kind: 'member' },
  { name: 'previous/temperature', dtype: 'f64', shape: [9, 18] },
];

/** Smooth numbers with some noise, which compress as fields of simulations do. */
export function stateOf(shapes: readonly SectionShape[], seed = 1): TestState {
  let total = 0;
  const sections = shapes.map(({ name, dtype, shape, kind = 'signal' }) => {
    const lengthBytes = shape.reduce((product, one) => product * one, 1) * bytesPerElement[dtype];
    const offsetBytes = total;
    total = Math.ceil((total + lengthBytes) / 64) * 64;
    return { name, kind, dtype, shape, offsetBytes, lengthBytes };
  });
  const buffer = new SharedArrayBuffer(total);
  const complete = sections.map((section) => ({ ...section, buffer }));
  const random = randomFrom(seed);
  for (const section of complete) {
    const array = arrayOf(section);
    for (let at = 0; at < array.length; at += 1)
      array[at] = 100 * Math.sin(at / 50) + 1 + (random() % 1000) / 1000;
  }
  return {
    sections: complete,
    buffer,
    bytes(name) {
      const found = complete.find((one) => one.name === name);
      if (found === undefined) throw new TypeError(`no section ${name}`);
      return new Uint8Array(buffer, found.offsetBytes, found.lengthBytes);
    },
  };
}

export function arrayOf({
  dtype,
  buffer,
  offsetBytes,
  lengthBytes,
}: SectionSource): ArrayOf[DType] {
  const count = lengthBytes / bytesPerElement[dtype];
  if (dtype === 'f64') return new Float64Array(buffer, offsetBytes, count);
  if (dtype === 'f32') return new Float32Array(buffer, offsetBytes, count);
  if (dtype === 'i32') return new Int32Array(buffer, offsetBytes, count);
  if (dtype === 'u32') return new Uint32Array(buffer, offsetBytes, count);
  if (dtype === 'i16') return new Int16Array(buffer, offsetBytes, count);
  if (dtype === 'u16') return new Uint16Array(buffer, offsetBytes, count);
  if (dtype === 'i8') return new Int8Array(buffer, offsetBytes, count);
  return new Uint8Array(buffer, offsetBytes, count);
}

export function factsOf(tick: number, more: Partial<CheckpointFacts> = {}): CheckpointFacts {
  const hash = digestOf(Buffer.from('world'));
  return {
    runId: 'test-run',
    tick,
    simTimeSeconds: tick / 10,
    era: 'calm',
    createdAt: '2026-01-02T03:04:05.000Z',
    world: {
      name: 'test',
      hash,
      parts: { ir: hash, entries: {}, bundle: null, modules: {}, assets: {}, packages: {} },
    },
    runtime: { node: process.version, v8: process.versions.v8, platform: 'linux', arch: 'x64' },
    seed: '1',
    parameters: { rotation: 0.5 },
    eras: ['calm'],
    strata: ['weather'],
    stateHash: null,
    lens: null,
    lineage: null,
    own: null,
    ...more,
  };
}

export function offerOf(tick: number, state: TestState, release = (): void => {}): CheckpointOffer {
  return { facts: factsOf(tick), sections: state.sections, release };
}

/** As the thread writes it, without a directory around it. */
export function writeFileOf(fd: number, facts: CheckpointFacts, state: TestState): void {
  const sections = state.sections.map((source) => ({ source, pages: null }));
  writeCheckpointFile(fd, { facts, sections, base: null });
}
