// What of a field is drawn: one number of each sample, and where a vector points.
import { failure } from '@stillpoint/core';
import type { LensField } from '../contract.ts';
import { widthOf } from '../journal/index.ts';

export interface Subject {
  readonly field: LensField;
  /** Of a sample, in the field. */
  readonly width: number;
  /** `|plates.velocity|`, `plates.velocity[1]`. */
  readonly label: string;
  /** Undefined: the length of the vector. */
  readonly component: number | undefined;
  /** Arrows can be drawn of it: which components point along which axis. */
  readonly pointing: readonly [number, number] | undefined;
}

/** Throws LENS_PLOT_COMPONENT. */
export function subjectOf(
  field: LensField,
  component: number | undefined,
  axes: readonly [number, number] = [0, 1],
): Subject {
  const width = widthOf(field);
  if (
    component !== undefined &&
    !(Number.isInteger(component) && component >= 0 && component < width)
  )
    throw failure('LENS_PLOT_COMPONENT', {
      field: field.name,
      component,
      known: width === 1 ? 'it is a scalar, of component 0' : `it has 0 to ${width - 1}`,
    });
  if (width === 1) return { field, width, label: field.name, component: 0, pointing: undefined };
  if (component !== undefined)
    return { field, width, label: `${field.name}[${component}]`, component, pointing: undefined };
  const isVector = field.components.length === 1 && width <= 3;
  const pointing = isVector && Math.max(...axes) < width ? axes : undefined;
  return { field, width, label: `|${field.name}|`, component: undefined, pointing };
}

/** `temperature (K)` */
export function titleOf({ label, field }: Subject): string {
  return field.unit === '' ? label : `${label} (${field.unit})`;
}

/** One number of each sample. */
export function scalarsOf(
  { width, component }: Pick<Subject, 'width' | 'component'>,
  values: Float64Array | Float32Array,
): Float64Array | Float32Array {
  if (width === 1) return values;
  const count = Math.floor(values.length / width);
  const out = new Float64Array(count);
  for (let at = 0; at < count; at += 1)
    out[at] =
      component === undefined
        ? lengthOf(values, at * width, width)
        : (values[at * width + component] as number);
  return out;
}

/** NaN where a component is, also where another is infinite. */
function lengthOf(values: Float64Array | Float32Array, from: number, width: number): number {
  let sum = 0;
  for (let at = from; at < from + width; at += 1) sum += values[at] as number;
  if (Number.isNaN(sum) && values.subarray(from, from + width).some(Number.isNaN))
    return Number.NaN;
  if (width === 2) return Math.hypot(values[from] as number, values[from + 1] as number);
  return Math.hypot(...values.subarray(from, from + width));
}
