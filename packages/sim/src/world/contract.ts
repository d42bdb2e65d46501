// What a world is made of. `defineWorld` checks it, gives it its canonical form (the IR, which `stillpoint world show` prints), and is
// all that a simulation's author needs to know.
//
// The law of worlds:
// 1. A tick is a function of the state before, the parameters and the assets. A step reads `w.previous`, writes `w.current`, draws from
//    `w.random`; a variable of the module that survives a tick is state that no checkpoint holds.
// 2. Everything has a declared order: signals, entities, members, strata, eras, transitions. Nothing depends on the order in which a
//    host looks at keys: names that look like integers are refused.
// 3. Fields are the observer's: they are sampled from finished states, and can write nothing.
import type { RandomStream } from '../random/contract.ts';
import type { ArrayOf, DType } from '../state/contract.ts';

/** A signal: one array of numbers of the whole world. */
export interface SignalDefinition {
  readonly dtype?: DType; // f64
  /** `[]` or none: a scalar. `[3]` a vector, `[3, 3]` a matrix, `[90, 180]` a grid. */
  readonly shape?: readonly number[];
  readonly unit?: string;
  readonly note?: string;
}
/** A member signal: one value of `shape` for each instance of its entity. */
export type MemberDefinition = SignalDefinition;

export interface EntityDefinition {
  /** Instances at most at one time. */
  readonly capacity: number;
  readonly members: Readonly<Record<string, MemberDefinition>>;
}

export interface ParameterDefinition {
  readonly value: number;
  readonly unit?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** In an era. `active`: by its own `every`, as where nothing is said. `gated`: not at all. Else in ticks that are a multiple of this. */
export type Cadence = 'active' | 'gated' | { readonly every: number };

export interface Stratum<W> {
  /** Runs in ticks that are a multiple of this. 1 */
  readonly every?: number;
  /** `temperature`, `particle.position`: each of its steps writes every element of these, so that nothing is copied forward. */
  readonly rewrites?: readonly string[];
  step(w: W): void;
}

export interface Era<V, S extends string> {
  /** Seconds of the world in one tick. */
  readonly dtSeconds: number;
  readonly strata?: Readonly<Partial<Record<NoInfer<S>, Cadence>>>;
  /** The first whose `when` is true is entered with the next tick. */
  readonly next?: readonly { readonly to: string; readonly name?: string; when(w: V): boolean }[];
}

/** Where the samples of a field are. */
export interface Topology {
  readonly kind: 'grid' | 'sphere' | 'points';
  /** `grid`: rows and columns and their extents. `sphere`: rows of latitude by columns of longitude. */
  readonly rows?: number;
  readonly columns?: number;
  readonly extent?: readonly (readonly [number, number])[];
  /** `points`: the member that has the positions. */
  readonly positions?: string;
}

export interface FieldDefinition<V> {
  readonly unit?: string;
  readonly topology: Topology;
  /** Components of one sample: `[]` or none for a scalar. */
  readonly shape?: readonly number[];
  readonly reconstruction?: 'nearest' | 'linear' | 'idw';
  /** The signal or member that it shows, or a function that gives the samples of a finished state. */
  readonly from: string | ((w: V) => Float64Array | Float32Array);
}

type Arrays<S extends Readonly<Record<string, SignalDefinition>>> = {
  readonly [K in keyof S]: S[K] extends { readonly dtype: infer D extends DType }
    ? ArrayOf[D]
    : ArrayOf['f64'];
};

export interface Instances<E extends EntityDefinition> {
  /** Instances alive: only that many elements of the members count. */
  readonly count: number;
  /** Stable, ascending; index i of every member belongs to `ids[i]`. */
  readonly ids: ArrayOf['u32'];
  readonly members: Arrays<E['members']>;
}

/** What a finished state looks like to who may only read. */
export interface WorldView<
  S extends Readonly<Record<string, SignalDefinition>>,
  E extends Readonly<Record<string, EntityDefinition>>,
  P extends Readonly<Record<string, ParameterDefinition>>,
> {
  readonly tick: number;
  readonly timeSeconds: number;
  readonly era: string;
  readonly parameters: { readonly [K in keyof P]: number };
  readonly signals: Arrays<S>;
  readonly entities: { readonly [K in keyof E]: Instances<E[K]> };
  /** Bytes of the declared assets, by name. */
  readonly assets: Readonly<Record<string, Uint8Array>>;
}

/** What a step works with. */
export interface StepView<
  S extends Readonly<Record<string, SignalDefinition>>,
  E extends Readonly<Record<string, EntityDefinition>>,
  P extends Readonly<Record<string, ParameterDefinition>>,
> {
  /** The tick that is being made; the first is 1. */
  readonly tick: number;
  /** Of the world, at the end of this tick. */
  readonly timeSeconds: number;
  /** Since this stratum's last turn, by its cadence in the era. */
  readonly dtSeconds: number;
  readonly era: string;
  readonly parameters: { readonly [K in keyof P]: number };
  readonly random: RandomStream;
  readonly previous: Arrays<S>;
  readonly current: Arrays<S>;
  readonly entities: {
    readonly [K in keyof E]: {
      readonly count: number;
      readonly ids: ArrayOf['u32'];
      readonly previous: Arrays<E[K]['members']>;
      readonly current: Arrays<E[K]['members']>;
      /** Alive from the end of this tick. Values that are not given are 0. Returns its id. Throws WORLD_CAPACITY. */
      born(values: { readonly [M in keyof E[K]['members']]?: number | ArrayLike<number> }): number;
      /** Gone from the end of this tick, by index. */
      dies(index: number): void;
    };
  };
  readonly assets: Readonly<Record<string, Uint8Array>>;
}

export interface WorldDefinition<
  S extends Readonly<Record<string, SignalDefinition>>,
  E extends Readonly<Record<string, EntityDefinition>>,
  P extends Readonly<Record<string, ParameterDefinition>>,
  T extends string,
> {
  readonly name: string;
  readonly parameters?: P;
  readonly signals?: S;
  readonly entities?: E;
  /** Relative to the world's file: names to paths. Read once, before the first tick; part of the world's identity. */
  readonly assets?: Readonly<Record<string, string>>;
  /** The state of tick 0. `previous` and `current` are the same here, `born` counts at once. */
  init?(w: StepView<S, E, P>): void;
  readonly strata: Readonly<Record<T, Stratum<StepView<S, E, P>>>>;
  /** None: one era named `world` of one second a tick. The first is the one it starts in. */
  readonly eras?: Readonly<Record<string, Era<WorldView<S, E, P>, T>>>;
  readonly fields?: Readonly<Record<string, FieldDefinition<WorldView<S, E, P>>>>;
}

/** The canonical form: plain data in declared order, without the functions. `canonicalJson` of it is hashed and printed. */
export interface WorldIr {
  readonly version: 1;
  readonly name: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly value: number;
    readonly unit: string;
    readonly minimum: number | null;
    readonly maximum: number | null;
  }[];
  readonly signals: readonly {
    readonly name: string;
    readonly dtype: DType;
    readonly shape: readonly number[];
    readonly unit: string;
  }[];
  readonly entities: readonly {
    readonly name: string;
    readonly capacity: number;
    readonly members: WorldIr['signals'];
  }[];
  readonly strata: readonly {
    readonly name: string;
    readonly every: number;
    readonly rewrites: readonly string[];
  }[];
  readonly eras: readonly {
    readonly name: string;
    readonly dtSeconds: number;
    readonly strata: Readonly<Record<string, Cadence>>;
    readonly next: readonly { readonly to: string; readonly name: string }[];
  }[];
  readonly fields: readonly {
    readonly name: string;
    readonly unit: string;
    readonly shape: readonly number[];
    readonly topology: Topology;
    readonly reconstruction: string;
    readonly from: string | null;
  }[];
  readonly assets: readonly { readonly name: string; readonly path: string }[];
}

/** What `defineWorld` gives, with the types of the definition forgotten. */
export interface World {
  readonly ir: WorldIr;
  /** The definition's functions, for the runner alone. */
  readonly definition: AnyDefinition;
  /** `/path/world.ts:12`, where `defineWorld` was called. */
  readonly definedAt: string;
}

/** A world with what belongs to it on disk. */
export interface LoadedWorld {
  readonly world: World;
  /** Absolute, symbolic links followed. */
  readonly file: string;
  /** Of that file. Paths of assets and the names of modules are relative to it. */
  readonly directory: string;
  /** Bytes of the declared assets, by name. Nobody writes into them. */
  readonly assets: Readonly<Record<string, Uint8Array>>;
}
// oxlint-disable-next-line typescript/no-explicit-any -- what the runner calls was checked against its own world's types
export type AnyDefinition = WorldDefinition<any, any, any, any>;
