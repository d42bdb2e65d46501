// A placement of this driver: which incarnation to switch to. Journaled by the engine and handed back, perhaps by another
// process.
import type { Json } from '@stillpoint/core';
import * as z from 'zod';
import type { Placement } from '../contract.ts';
import { parseStored } from './record.ts';

const schema = z.object({
  version: z.literal(1),
  incarnation: z.uuid(),
  snapshot: z.string(),
  /** True: a life that was live before, kept whole; false: recovered from the vault and never live yet. */
  reuse: z.boolean(),
});

export type PostgresPlacement = Omit<z.infer<typeof schema>, 'version'>;

export function toPlacement(placement: PostgresPlacement): Placement {
  return { version: 1, ...placement } satisfies z.infer<typeof schema>;
}

export function parsePlacement(json: Json): PostgresPlacement {
  return parseStored(schema, json);
}
