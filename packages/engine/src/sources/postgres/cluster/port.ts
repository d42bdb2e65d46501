// The loopback port of a cluster: chosen once, outside the range from which kernels take ports for outgoing
// connections, so that it does not vanish by chance; and, when it is taken later, by whom.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { failure } from '@stillpoint/core';

const FIRST = 15_432;
const COUNT = 10_000;

/** Starts from a place that depends on the project, so that stopped clusters rarely meet. */
export async function chooseFreePort(projectId: string): Promise<number> {
  const start = createHash('sha256').update(projectId).digest().readUInt32BE() % COUNT;
  for (let step = 0; step < COUNT; step++) {
    const port = FIRST + ((start + step) % COUNT);
    if (await isFree(port)) return port;
  }
  throw failure('PORT_TAKEN', { port: `${FIRST} to ${FIRST + COUNT}`, holder: 'other programs' });
}

export async function assertPortFree(port: number): Promise<void> {
  if (await isFree(port)) return;
  throw portTaken(port);
}

export function portTaken(port: number): Error {
  return failure('PORT_TAKEN', { port, holder: findHolder(port) ?? 'another program' });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/** Linux tells which process holds a socket, as far as we may look. */
function findHolder(port: number): string | undefined {
  const links = new Set(listeningInodes(port).map((inode) => `socket:[${inode}]`));
  if (links.size === 0) return undefined;
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    const holds = list(`/proc/${pid}/fd`).some((fd) => links.has(link(`/proc/${pid}/fd/${fd}`)));
    if (holds) return `process ${pid} (${text(`/proc/${pid}/comm`).trim()})`;
  }
  return undefined;
}

function listeningInodes(port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => text(file).split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === '0A')
    .map((fields) => fields[9] ?? '');
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
