// What is known of the source before anything is paused: sizes, and what a person should know. Refuses here what a capture
// would have to refuse.
import type { Probe } from '../contract.ts';
import { STRATEGY } from './capture.ts';
import type { Cluster } from './cluster/contract.ts';
import { readDatabases, readTotalBytes, refuseTablespaces, unloggedTables } from './facts.ts';
import { bytesKeptBySlot } from './replication/slot.ts';
import { withClient, withControl } from './session.ts';

export async function probe(cluster: Cluster, signal: AbortSignal): Promise<Probe> {
  const { state } = await cluster.status();
  if (state === 'absent') {
    return { strategy: STRATEGY, bytesTotal: 0, bytesNext: 0, notes: ['no database yet'] };
  }
  await cluster.start(signal);
  const incarnation = await cluster.currentIncarnation();
  const { bytesTotal, kept, databases } = await withControl(cluster, signal, async (client) => {
    await refuseTablespaces(client);
    return {
      bytesTotal: await readTotalBytes(client),
      kept: await bytesKeptBySlot(client, incarnation),
      databases: await readDatabases(client),
    };
  });
  const notes: string[] = [];
  for (const { name } of databases) {
    const options = { database: name, applicationName: 'stillpoint probe', signal };
    const unlogged = await withClient(cluster, options, unloggedTables);
    if (unlogged.length > 0) {
      notes.push(`unlogged tables of ${name} come back empty: ${unlogged.join(', ')}`);
    }
  }
  // Without a slot there is no snapshot of this life yet, and the first may need a base.
  return { strategy: STRATEGY, bytesTotal, bytesNext: kept ?? bytesTotal, notes };
}
