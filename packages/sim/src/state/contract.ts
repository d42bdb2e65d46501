// The causal state of a run: everything that the next tick depends on, and nothing else.
//
// The law of state:
// 1. A *set* is the complete state at the end of one tick, in one SharedArrayBuffer of fixed length (a growable one is 57 times
//    slower to write). Also the clock, the era, the strata and the words of the random streams are in it: what is not in the set does
//    not survive a resume.
// 2. A set that is finished is never written again until nobody holds it. The newest and the one before are always held by the run;
//    a checkpoint holds both of its pair until its file is durable. That is why a checkpoint needs no copy.
// 3. The layout follows from the world alone (never from a run), in declared order, each section at a multiple of 64 bytes.
// 4. The hash of a state is over its sections in the order of the layout, instances that are alive only, each NaN in its canonical
//    form: equal hashes mean that the next tick will be equal.
import type { Digest } from '@stillpoint/core';

export const DTYPES = ['f64', 'f32', 'i32', 'u32', 'i16', 'u16', 'i8', 'u8'] as const;
export type DType = (typeof DTYPES)[number];

export interface ArrayOf {
  readonly f64: Float64Array<SharedArrayBuffer>;
  readonly f32: Float32Array<SharedArrayBuffer>;
  readonly i32: Int32Array<SharedArrayBuffer>;
  readonly u32: Uint32Array<SharedArrayBuffer>;
  readonly i16: Int16Array<SharedArrayBuffer>;
  readonly u16: Uint16Array<SharedArrayBuffer>;
  readonly i8: Int8Array<SharedArrayBuffer>;
  readonly u8: Uint8Array<SharedArrayBuffer>;
}
export type StateArray = ArrayOf[DType];

/** What a section holds; `small` sections are copied forward in every tick whatever the strata say. */
export type SectionKind = 'clock' | 'random' | 'instances' | 'signal' | 'member';

export interface SectionLayout {
  /** `temperature`, `particle.position`, `@clock`, `@random`, `particle@instances`. */
  readonly name: string;
  readonly kind: SectionKind;
  readonly dtype: DType;
  /** Elements per signal or per instance: `[]` a scalar, `[3]` a vector, `[3, 3]` a matrix. */
  readonly shape: readonly number[];
  /** The entity whose instances it has one of each for. */
  readonly entity?: string;
  /** Instances at most; 1 for what belongs to no entity. */
  readonly capacity: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export interface StateLayout {
  readonly sections: readonly SectionLayout[];
  /** A multiple of 64. */
  readonly totalBytes: number;
}

/** One complete state. `arrays` are views on `buffer`, by the name of their section. */
export interface StateSet {
  readonly buffer: SharedArrayBuffer;
  readonly arrays: ReadonlyMap<string, StateArray>;
}

/** What `@clock` holds, as it is read and written by the runner alone. */
export interface ClockState {
  tick: number;
  /** Seconds of the world. */
  simTimeSeconds: number;
  /** Index into the eras of the world; 0 where it has none. */
  era: number;
  eraStartedTick: number;
}

/** A pair that a checkpoint needs: both stay as they are until `release`. */
export interface HeldPair {
  readonly newest: StateSet;
  readonly previous: StateSet;
  release(): void;
}

/** The sets of one run, turned once a tick. */
export interface Rotation {
  readonly newest: StateSet;
  readonly previous: StateSet;
  /** The set that the coming tick writes; what it holds is old. */
  readonly target: StateSet;
  /** The target becomes the newest. */
  turn(): void;
  /**
   * Makes the sets that so many held pairs need, and touches their memory: the system's work for a new page is 1.4 ms a megabyte, which the
   * ticks after the first checkpoints would pay otherwise. For runs that take checkpoints, before their first tick.
   */
  prepare(pairs: number): void;
  /** Undefined where too many are held already: then the checkpoint is dropped, the run never waits. */
  hold(): HeldPair | undefined;
}

/** `blake3:…` over the causal state; see law 4. */
export type StateHash = Digest;
