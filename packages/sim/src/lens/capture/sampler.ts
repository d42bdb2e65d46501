// Frames of a run's finished states. Nothing is copied here but what a field's function looks at; the capture copies what it takes.
import { failure } from '@stillpoint/core';
import { bytesPerElement } from '../../state/index.ts';
import type { AnyView } from '../../runner/contract.ts';
import type { World, WorldIr } from '../../world/contract.ts';
import { widthOf } from '../journal/index.ts';
import type { LensField } from '../contract.ts';
import type { SampledField, SampledFrame, SampledNumbers } from './contract.ts';
import type { FieldSource } from './fields.ts';
import { createPrivateView } from './private-view.ts';

export interface Sampler {
  /** That a frame has at most. */
  readonly frameBytes: number;
  /**
   * Of the state that a view shows: views on it, good until the next tick. Throws LENS_FIELD_FAILED where a function of the world throws,
   * or gives something else than its samples.
   */
  sample(view: AnyView): SampledFrame;
}

/** A signal or a member, found in the view of a state. */
interface Found {
  readonly entity: string | undefined;
  readonly name: string;
  /** Elements for one instance, or of the signal. */
  readonly width: number;
  readonly bytes: number;
  readonly capacity: number;
}

type FieldSampler = (view: AnyView) => SampledField;

export function createSampler(world: World, sources: readonly FieldSource[]): Sampler {
  const { ir } = world;
  const samplers = sources.map((source) => [source.field.name, samplerOf(world, source)] as const);
  return {
    frameBytes: sources.reduce((sum, source) => sum + bytesOf(ir, source), 0),
    sample(view) {
      const fields = new Map<string, SampledField>();
      for (const [name, sampler] of samplers) fields.set(name, sampler(view));
      return { tick: view.tick, simTimeSeconds: view.timeSeconds, fields };
    },
  };
}

function samplerOf(world: World, { field, from }: FieldSource): FieldSampler {
  const { ir, definition } = world;
  const { positions } = field.topology;
  const places = positions === undefined ? undefined : foundIn(ir, positions);
  const positionsIn = (view: AnyView): SampledNumbers | null =>
    places === undefined ? null : numbersIn(view, places);
  if (from !== null) {
    const found = foundIn(ir, from);
    const width = widthOf(field);
    return (view) => {
      const values = numbersIn(view, found);
      return { count: values.length / width, values, positions: positionsIn(view) };
    };
  }
  const asked = definition.fields?.[field.name];
  // One for each function: what one writes, the others do not see either.
  const own = createPrivateView(ir);
  return (view) => {
    const count = countOf(field, places, view);
    let values: unknown;
    try {
      // Called as a method of the definition, as its author wrote it.
      values = typeof asked?.from === 'function' ? asked.from(own.of(view)) : undefined;
    } catch (error) {
      throw failed(world, field, error instanceof Error ? error.message : String(error), error);
    }
    if (!(values instanceof Float64Array) && !(values instanceof Float32Array))
      throw failed(world, field, 'it has to give a Float64Array or a Float32Array');
    const wanted = count * widthOf(field);
    if (values.length !== wanted)
      throw failed(world, field, `it gave ${values.length} numbers, and has to give ${wanted}`);
    return { count, values, positions: positionsIn(view) };
  };
}

function countOf({ topology }: LensField, places: Found | undefined, view: AnyView): number {
  if (places?.entity !== undefined) return view.entities[places.entity]!.count;
  return (topology.rows ?? 1) * (topology.columns ?? 1);
}

function foundIn(ir: WorldIr, asked: string): Found {
  const signal = ir.signals.find(({ name }) => name === asked);
  if (signal !== undefined) return foundAs(signal, undefined, 1);
  for (const { name: entity, capacity, members } of ir.entities)
    for (const member of members)
      if (`${entity}.${member.name}` === asked) return foundAs(member, entity, capacity);
  throw new TypeError(`the world has no ${asked}`);
}

function foundAs(
  { name, shape, dtype }: WorldIr['signals'][number],
  entity: string | undefined,
  capacity: number,
): Found {
  const width = shape.reduce((product, size) => product * size, 1);
  return { entity, name, width, bytes: bytesPerElement[dtype], capacity };
}

/** Of a member, those of the instances that are alive. */
function numbersIn(view: AnyView, { entity, name, width }: Found): SampledNumbers {
  if (entity === undefined) return view.signals[name]!;
  const { count, members } = view.entities[entity]!;
  return members[name]!.subarray(0, count * width);
}

function bytesOf(ir: WorldIr, { field, from }: FieldSource): number {
  const { positions, rows = 1, columns = 1 } = field.topology;
  const places = positions === undefined ? undefined : foundIn(ir, positions);
  const found = from === null ? undefined : foundIn(ir, from);
  const most = (one: Found): number => one.capacity * one.width * one.bytes;
  const own = (places?.capacity ?? rows * columns) * widthOf(field) * 8;
  // Each begins at a multiple of eight bytes.
  return (found === undefined ? own : most(found)) + (places === undefined ? 0 : most(places)) + 16;
}

function failed({ ir }: World, field: LensField, reason: string, cause?: unknown): Error {
  return failure('LENS_FIELD_FAILED', { field: field.name, world: ir.name, reason }, cause);
}
