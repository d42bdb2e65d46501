// `defineWorld`: what a world's file exports.
import { fileURLToPath } from 'node:url';
import { layoutOf } from '../state/index.ts';
import { canonicalForm } from './canonical-form.ts';
import type {
  AnyDefinition,
  EntityDefinition,
  ParameterDefinition,
  SignalDefinition,
  World,
  WorldDefinition,
} from './contract.ts';

// oxlint-disable-next-line typescript/no-generated-empty-object-type -- a definition without signals has just no signals
type None = Readonly<Record<never, never>>;

/**
 * Checks a definition and makes a world of it. The types of its steps follow from the signals, entities and parameters of the same
 * definition. Throws WORLD_INVALID, WORLD_NAME_TAKEN and WORLD_TOO_LARGE with the place of this call.
 */
export function defineWorld<
  const S extends Readonly<Record<string, SignalDefinition>> = None,
  const E extends Readonly<Record<string, EntityDefinition>> = None,
  const P extends Readonly<Record<string, ParameterDefinition>> = None,
  const T extends string = string,
>(definition: WorldDefinition<S, E, P, T>): World {
  const definedAt = callerOf(defineWorld);
  const ir = deepFrozen(canonicalForm(definition, { definedAt }));
  // A world that no buffer can hold is refused where it is defined.
  layoutOf(ir);
  const world: World = { ir, definition: definition as AnyDefinition, definedAt };
  return Object.freeze(world);
}

/** `/path/world.ts:12` of whoever called `callee`. */
function callerOf(callee: (...given: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callee);
  const frame = holder.stack?.split('\n')[1] ?? '';
  const [, file, line] = /(?:\(|\bat (?:async )?)([^()]+):(\d+):\d+\)?$/.exec(frame) ?? [];
  if (file === undefined || line === undefined) return 'a place without a name';
  return `${file.startsWith('file:') ? fileURLToPath(file) : file}:${line}`;
}

function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inside of Object.values(value)) deepFrozen(inside);
  return Object.freeze(value);
}
