// What a person writes to say which parameters a sweep tries: a list of objects, or each parameter with its values, all of which are then
// combined. The last parameter changes fastest.
import { readFile } from 'node:fs/promises';
import { failure } from '@stillpoint/core';

export type Parameters = Readonly<Record<string, number>>;

/** A mistyped range is found here, not by a database that is full. */
const runsMax = 1_000_000;

/** Throws SWEEP_PARAMETERS_INVALID. */
export async function readParameters(file: string): Promise<readonly Parameters[]> {
  try {
    return parametersOf(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw failure('SWEEP_PARAMETERS_INVALID', { file, why }, error);
  }
}

/** Throws an Error that says what is wrong. */
export function parametersOf(written: unknown): readonly Parameters[] {
  const list = Array.isArray(written) ? written.map(checked) : combined(written);
  if (list.length === 0) throw new Error('it is empty');
  if (list.length > runsMax) throw new Error(`it makes ${list.length} runs, more than ${runsMax}`);
  return list;
}

function checked(one: unknown, index: number): Parameters {
  const where = `its entry ${index + 1}`;
  if (!isObject(one)) throw new Error(`${where} is no object`);
  for (const [name, value] of Object.entries(one))
    if (!isNumber(value)) throw new Error(`${where} has no number as ${name}`);
  return one as Parameters;
}

function combined(written: unknown): readonly Parameters[] {
  if (!isObject(written)) throw new Error('it is neither a list nor an object');
  let list: readonly Parameters[] = [{}];
  for (const [name, values] of Object.entries(written)) {
    if (!Array.isArray(values) || values.length === 0 || !values.every(isNumber))
      throw new Error(`${name} has no list of numbers`);
    if (list.length * values.length > runsMax)
      throw new Error(`it makes more than ${runsMax} runs`);
    list = list.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return Object.keys(written).length === 0 ? [] : list;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
