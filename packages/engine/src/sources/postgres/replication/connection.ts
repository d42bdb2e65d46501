// Opens a walsender connection. It speaks only the simple protocol and only replication commands, so the few words
// that go into them are quoted here.
import type { Client } from 'pg';
import { parseLsn, type Lsn } from '../lsn.ts';
import type { Connectable } from '../session.ts';

export interface SystemIdentity {
  readonly systemId: string;
  readonly timeline: number;
  readonly flushLsn: Lsn;
}

export async function connectReplication(
  server: Connectable,
  signal: AbortSignal,
): Promise<Client> {
  const client = await server.connect({
    replication: true,
    applicationName: 'stillpoint replication',
    signal,
  });
  // An ended socket is told to whoever reads from it; `pg` tells it a second time, to nobody.
  client.on('error', () => {});
  return client;
}

export async function identifySystem(
  server: Connectable,
  signal: AbortSignal,
): Promise<SystemIdentity> {
  const client = await connectReplication(server, signal);
  try {
    const { rows } = await client.query<{
      systemid: string;
      timeline: string | number;
      xlogpos: string;
    }>('IDENTIFY_SYSTEM');
    const row = rows[0]!;
    return {
      systemId: row.systemid,
      timeline: Number(row.timeline),
      flushLsn: parseLsn(row.xlogpos),
    };
  } finally {
    await client.end().catch(() => {});
  }
}

export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
