// What doctor asks of a database that it only knows by its address: is this one of ours, and is it as its parts say?
import type { OpenDatabaseOptions } from '../database/contract.ts';
import { openDatabase } from '../database/index.ts';
import type { ChamberFinding, ChamberOptions, ChamberPart } from './contract.ts';
import { installedVersions } from './installed.ts';
import { checkChambers } from './settle.ts';

/** undefined: no chambers were ever set up here. Parts that this database does not have are left out. Changes nothing. */
export async function examineChambers(
  at: OpenDatabaseOptions['at'],
  parts: readonly ChamberPart[],
  options: ChamberOptions = {},
): Promise<readonly ChamberFinding[] | undefined> {
  await using database = await openDatabase({
    at,
    connections: 1,
    applicationName: 'stillpoint doctor',
  });
  const names = await installedVersions(database);
  if (names === undefined) return undefined;
  const installed = parts.filter(({ name, steps }) => steps.length === 0 || names.has(name));
  return await checkChambers(database, installed, options);
}
