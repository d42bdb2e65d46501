// The parameters of one run: those of the world, with what was asked for instead.
import { failure } from '@stillpoint/core';
import type { WorldIr } from './contract.ts';

/** Every parameter with its value. Throws WORLD_PARAMETER_UNKNOWN and WORLD_PARAMETER_INVALID. */
export function parametersOf(
  ir: WorldIr,
  asked: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  for (const name of Object.keys(asked))
    if (!ir.parameters.some((parameter) => parameter.name === name))
      throw failure('WORLD_PARAMETER_UNKNOWN', {
        parameter: name,
        world: ir.name,
        known: ir.parameters.map((parameter) => parameter.name).join(', ') || 'none',
      });
  return Object.fromEntries(
    ir.parameters.map(({ name, value, minimum, maximum }) => {
      const number = Object.hasOwn(asked, name) ? (asked[name] as number) : value;
      const below = number < (minimum ?? -Infinity);
      if (!Number.isFinite(number) || below || number > (maximum ?? Infinity))
        throw failure('WORLD_PARAMETER_INVALID', {
          parameter: name,
          given: String(number),
          minimum: String(minimum ?? 'any'),
          maximum: String(maximum ?? 'any'),
        });
      return [name, number];
    }),
  );
}
