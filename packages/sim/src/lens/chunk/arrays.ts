// Which arrays a `.lens` file has, for its frames and for each field. Normative: docs/format/lens.md.
import { cutOf, type ZarrArray } from '../../zarr/index.ts';
import type { LensField } from '../contract.ts';
import { nodeName } from '../names.ts';
import { precisionText } from '../precision.ts';

/** Of all frames: their ticks, and the seconds of the world. */
export const TICKS = 'tick';
export const TIMES = 'time';

export function tickArray(frames: number): ZarrArray {
  return {
    shape: [frames],
    type: 'int64',
    ...cutOf([frames], 'int64'),
    dimensions: ['frame'],
    attributes: {},
  };
}

export function timeArray(frames: number): ZarrArray {
  const attributes = { unit: 's' };
  return {
    shape: [frames],
    type: 'float64',
    ...cutOf([frames], 'float64'),
    dimensions: ['frame'],
    attributes,
  };
}

/** Paths of the arrays of one field. A prefix keeps fields named `tick` apart from the ticks. */
export function pathsOf(field: string): {
  readonly group: string;
  readonly values: string;
  readonly counts: string;
  readonly positions: string;
  readonly positionsOf: string;
} {
  const group = `fields/${nodeName(field)}`;
  return {
    group,
    values: `${group}/values`,
    /** Samples of each frame; what lies behind them is NaN. */
    counts: `${group}/count`,
    /** Each set of positions once, */
    positions: `${group}/positions`,
    /** and for each frame which of them is its own; -1: none. */
    positionsOf: `${group}/position_set`,
  };
}

export function fieldAttributes(field: LensField): Readonly<Record<string, unknown>> {
  const { name, unit, components, topology, reconstruction, precision } = field;
  return { name, unit, components, topology, reconstruction, precision: precisionText(precision) };
}

export function valuesArray(field: LensField, frames: number, samples: number): ZarrArray {
  const { components, precision, unit } = field;
  const shape = [frames, samples, ...components];
  return {
    shape,
    type: precision.type,
    ...cutOf(shape, precision.type),
    dimensions: ['frame', 'sample', ...components.map((_, at) => `component_${at}`)],
    attributes: { unit },
  };
}

export function perFrameArray(frames: number): ZarrArray {
  return {
    shape: [frames],
    type: 'int32',
    ...cutOf([frames], 'int32'),
    dimensions: ['frame'],
    attributes: {},
  };
}

export function positionsArray(sets: number, samples: number): ZarrArray {
  const shape = [sets, samples, 3];
  return {
    shape,
    type: 'float64',
    ...cutOf(shape, 'float64'),
    dimensions: ['position_set', 'sample', 'axis'],
    attributes: {},
  };
}
