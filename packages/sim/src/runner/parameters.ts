// The parameters of a run: those of the world, with what the run says otherwise.
import { failure } from '@stillpoint/core';
import type { WorldIr } from '../world/contract.ts';

/** All of them in declared order. Throws RUN_PARAMETER_UNKNOWN and RUN_PARAMETER_INVALID. */
export function parametersOf(
  { name: world, parameters }: WorldIr,
  given: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const names = parameters.map(({ name }) => name);
  for (const name of Object.keys(given))
    if (!names.includes(name))
      throw failure('RUN_PARAMETER_UNKNOWN', {
        name,
        world,
        known: names.length === 0 ? 'It has none.' : `It has ${names.join(', ')}.`,
      });
  return Object.fromEntries(
    parameters.map((parameter) => {
      const value = Object.hasOwn(given, parameter.name) ? given[parameter.name]! : parameter.value;
      return [parameter.name, checked(parameter, value)];
    }),
  );
}

function checked({ name, minimum, maximum }: WorldIr['parameters'][number], value: number): number {
  const least = minimum ?? -Infinity;
  const most = maximum ?? Infinity;
  if (!Number.isFinite(value) || value < least || value > most) {
    const range = `from ${minimum ?? 'any'} to ${maximum ?? 'any'}`;
    throw failure('RUN_PARAMETER_INVALID', { name, value: String(value), range });
  }
  return value;
}
