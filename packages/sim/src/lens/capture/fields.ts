// Which fields of a world are captured: those that it declares, and signals as they are.
import { failure } from '@stillpoint/core';
import type { Topology, WorldIr } from '../../world/contract.ts';
import { ELEMENT_BYTES, MOST_FRAME_BYTES } from '../../zarr/index.ts';
import type { LensField, Precision, Reconstruction } from '../contract.ts';
import { widthOf } from '../journal/index.ts';

export interface AskedFields {
  /** All that the world declares, where neither these nor signals are named. */
  readonly names?: readonly string[];
  /** Signals that no field shows, each as a field of its name. */
  readonly signals?: readonly string[];
  /** float32 */
  readonly precision?: Precision;
}

/** A field and where its samples come from. */
export interface FieldSource {
  readonly field: LensField;
  /** A signal or a member; null: the function that the world has for it. */
  readonly from: string | null;
}

const USUAL_PRECISION: Precision = { type: 'float32' };

/** Throws LENS_FIELD_UNKNOWN, LENS_FIELD_TWICE where two would have one name, and LENS_SAMPLE_TOO_LARGE. */
export function lensFieldsOf(ir: WorldIr, asked: AskedFields = {}): readonly FieldSource[] {
  const { signals = [], precision = USUAL_PRECISION } = asked;
  const names = asked.names ?? (signals.length > 0 ? [] : ir.fields.map(({ name }) => name));
  const sources = [
    ...names.map((name) => declared(ir, name, precision)),
    ...signals.map((name) => ofSignal(ir, name, precision)),
  ];
  const taken = new Set<string>();
  for (const { field } of sources) {
    if (taken.has(field.name)) throw failure('LENS_FIELD_TWICE', { field: field.name });
    taken.add(field.name);
    refuseLargeSample(field);
  }
  if (sources.length === 0) throw unknown(ir, 'at all', ir.signals, 'signals');
  return sources;
}

/** What is packed together is some samples, never a part of one. Throws LENS_SAMPLE_TOO_LARGE. */
export function refuseLargeSample(field: LensField): void {
  const bytes = widthOf(field) * ELEMENT_BYTES[field.precision.type];
  if (bytes > MOST_FRAME_BYTES)
    throw failure('LENS_SAMPLE_TOO_LARGE', {
      field: field.name,
      bytes,
      mostBytes: MOST_FRAME_BYTES,
    });
}

function declared(ir: WorldIr, asked: string, precision: Precision): FieldSource {
  const found = ir.fields.find(({ name }) => name === asked);
  if (found === undefined) throw unknown(ir, asked, ir.fields, 'fields');
  const { name, unit, shape: components, topology, from } = found;
  const reconstruction = found.reconstruction as Reconstruction;
  return { field: { name, unit, components, topology, reconstruction, precision }, from };
}

function ofSignal(ir: WorldIr, asked: string, precision: Precision): FieldSource {
  const found = ir.signals.find(({ name }) => name === asked);
  if (found === undefined) throw unknown(ir, asked, ir.signals, 'signals');
  const { name, unit, shape } = found;
  const [rows = 1, columns = 1, ...components] = shape.length === 1 ? [1, ...shape] : shape;
  const topology: Topology = { kind: 'grid', rows, columns };
  // Between the elements of a list there is nothing.
  const reconstruction = shape.length < 2 ? 'nearest' : 'linear';
  return { field: { name, unit, components, topology, reconstruction, precision }, from: name };
}

function unknown(
  { name: world }: WorldIr,
  field: string,
  known: readonly { readonly name: string }[],
  what: string,
): Error {
  const names = known.map(({ name }) => name).join(', ');
  return failure('LENS_FIELD_UNKNOWN', {
    path: `The world ${world}`,
    field,
    known: names === '' ? `no ${what}` : names,
  });
}
