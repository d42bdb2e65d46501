// What the registry asks of the chambers: each registered table moves `updated` and `version` by itself.
import { touchTrigger, type ChamberPart } from '../chambers/index.ts';
import type { Federation } from './contract.ts';

/** Tables are made by migrations, so there are no steps: only what settling makes so afterwards. */
export function registryPart({ tables }: Federation): ChamberPart {
  return {
    name: 'registry',
    schema: 'public',
    steps: [],
    expects: tables.map(({ schema, name }) => touchTrigger(`${schema}.${name}`)),
  };
}
