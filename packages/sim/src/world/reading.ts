// Reads values out of a definition. A definition in JavaScript may hold anything: what is not as it should be is said with where the
// world was defined and the path inside of the definition.
import { failure } from '@stillpoint/core';
import { bytesPerElement } from '../state/index.ts';
import type { DType } from '../state/contract.ts';
import { nameProblem } from './names.ts';

/** Dimensions at most: what formats of arrays can say. */
const MOST_DIMENSIONS = 8;
/** Instances or elements: ids and indices are words of 32 bits. */
export const MOST_ELEMENTS = 2 ** 31;

export interface Definition {
  /** `/path/world.ts:12` */
  readonly definedAt: string;
}

export type Fields = Readonly<Record<string, unknown>>;

export function invalid({ definedAt }: Definition, path: string, reason: string): Error {
  return failure('WORLD_INVALID', { definedAt, path, reason });
}

/** A plain object whose keys are all known. */
export function fieldsOf(
  at: Definition,
  path: string,
  value: unknown,
  known: readonly string[],
): Fields {
  if (!isPlainObject(value)) throw invalid(at, path, 'has to be an object');
  const stranger = Object.keys(value).find((key) => !known.includes(key));
  if (stranger !== undefined) {
    const inside = path === 'the definition' ? stranger : `${path}.${stranger}`;
    throw invalid(at, inside, `is not known here (known are ${known.join(', ')})`);
  }
  return value;
}

/** The entries of an object whose keys are names, in declared order. Undefined: none. */
export function namedIn(
  at: Definition,
  path: string,
  value: unknown,
): readonly (readonly [name: string, value: unknown])[] {
  if (value === undefined) return [];
  if (!isPlainObject(value)) throw invalid(at, path, 'has to be an object of names');
  const seen = new Map<string, string>();
  for (const name of Object.keys(value)) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw invalid(at, `${path}[${JSON.stringify(name)}]`, problem);
    const other = seen.get(name.normalize());
    if (other !== undefined) throw taken(at, `${path}.${name}`, `${path}.${other}`);
    seen.set(name.normalize(), name);
  }
  return Object.entries(value);
}

export function taken({ definedAt }: Definition, path: string, other: string): Error {
  return failure('WORLD_NAME_TAKEN', { definedAt, path, other });
}

/** `{ __proto__: … }` in a literal makes no key: what is meant to be a name would be lost without a word. */
function isPlainObject(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return true;
  // Also the plain objects of another realm.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

export function listIn(at: Definition, path: string, value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalid(at, path, 'has to be an array');
  return value;
}

export function textIn(at: Definition, path: string, value: unknown, otherwise?: string): string {
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (typeof value !== 'string' || !value.isWellFormed())
    throw invalid(at, path, 'has to be a text');
  return value;
}

export function numberIn(at: Definition, path: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw invalid(at, path, 'has to be a finite number');
  return value;
}

/** 1 to `most`. */
export function countIn(
  at: Definition,
  path: string,
  value: unknown,
  most = MOST_ELEMENTS,
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most)
    return value;
  throw invalid(at, path, `has to be a whole number from 1 to ${most}`);
}

export function functionIn(at: Definition, path: string, value: unknown): void {
  if (typeof value !== 'function') throw invalid(at, path, 'has to be a function');
}

export function dtypeIn(at: Definition, path: string, value: unknown): DType {
  if (value === undefined) return 'f64';
  if (typeof value === 'string' && Object.hasOwn(bytesPerElement, value)) return value as DType;
  throw invalid(at, path, `has to be one of ${Object.keys(bytesPerElement).join(', ')}`);
}

export function shapeIn(at: Definition, path: string, value: unknown): readonly number[] {
  const sizes = listIn(at, path, value);
  if (sizes.length > MOST_DIMENSIONS)
    throw invalid(at, path, `has more than ${MOST_DIMENSIONS} dimensions`);
  const shape = sizes.map((size, index) => countIn(at, `${path}[${index}]`, size));
  if (elementsOf(shape) > MOST_ELEMENTS)
    throw invalid(at, path, `has more than ${MOST_ELEMENTS} elements`);
  return shape;
}

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
