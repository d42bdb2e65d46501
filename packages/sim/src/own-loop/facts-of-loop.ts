// What a checkpoint says of a loop of the user's own, and how it is told from a world's.
import type { Clock, Json } from '@stillpoint/core';
import type {
  CheckpointFacts,
  CheckpointOffer,
  RuntimeFacts,
  SectionSource,
  WorldIdentity,
} from '../checkpoint/contract.ts';
import type { LensMark } from '../lens/capture/contract.ts';
import { minusZerosOf, type JsonPath } from './plain-json.ts';
import type { Slot } from './pool.ts';

/** In `facts.own` of a checkpoint. */
export interface OwnFacts {
  readonly loop: 1;
  readonly json: unknown;
  /** Paths into `json` of what was -0. None: there was none. */
  readonly minusZeros?: readonly JsonPath[];
  /** Type of each array in the loop, by its name. */
  readonly types: Readonly<Record<string, string>>;
}

export interface Loop {
  readonly runId: string;
  readonly identity: WorldIdentity;
  readonly parameters: Readonly<Record<string, number>>;
  readonly lineage: CheckpointFacts['lineage'];
  readonly clock: Clock;
}

export interface Moment {
  readonly tick: number;
  readonly simTimeSeconds: number;
  /** Of the frames that were offered up to then. */
  readonly lens?: LensMark | undefined;
}

const BEFORE = 'current/';

export function offerOf(
  { runId, identity, parameters, lineage, clock }: Loop,
  { tick, simTimeSeconds, lens }: Moment,
  json: Json,
  slot: Slot,
): CheckpointOffer {
  const minusZeros = minusZerosOf(json);
  const types = Object.fromEntries(slot.copied.map(({ part }) => [part.name, part.type]));
  const own: OwnFacts = { loop: 1, json, types, ...(minusZeros.length > 0 && { minusZeros }) };
  return {
    facts: {
      runId,
      tick,
      simTimeSeconds,
      era: '',
      createdAt: clock.now().toISOString(),
      world: identity,
      runtime: ownRuntime(),
      seed: '',
      parameters,
      eras: [],
      strata: [],
      // A pass over the state on the loop's thread would cost more than the copy.
      stateHash: null,
      lens: lens?.facts ?? null,
      lineage,
      own,
    },
    sections: slot.copied.map(({ part, offsetBytes }): SectionSource => ({
      name: `${BEFORE}${part.name}`,
      kind: 'signal',
      dtype: part.dtype,
      shape: part.shape,
      buffer: slot.buffer,
      offsetBytes,
      lengthBytes: part.bytes.byteLength,
    })),
    ...(lens === undefined ? {} : { lensGoal: lens.goal }),
    release: () => {
      slot.release();
    },
  };
}

/** Undefined where it is none of a loop. */
export function ownFactsOf({ own }: CheckpointFacts): OwnFacts | undefined {
  const facts = own as Partial<OwnFacts> | null;
  const good = typeof facts === 'object' && facts?.loop === 1 && typeof facts.types === 'object';
  return good ? (facts as OwnFacts) : undefined;
}

export function arrayNameOf(section: string): string {
  return section.startsWith(BEFORE) ? section.slice(BEFORE.length) : section;
}

export function sectionNameOf(array: string): string {
  return `${BEFORE}${array}`;
}

export function ownRuntime(): RuntimeFacts {
  const { version: node, versions, platform, arch } = process;
  return { node, v8: versions.v8, platform, arch };
}
