// A real S3 server for tests: Ceph's gateway (RGW) with a cluster of one node in memory behind it, from Debian's packages, unpacked into
// a cache and run in namespaces of their own (unpack.sh, serve.sh). It needs Linux, root and, once, the network. The first start on
// a machine fetches 400 MB; the next take some seconds.
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** Only root writes there: nobody else can put programs into it that root then runs. */
const CACHE = '/var/cache/stillpoint-s3-server';
const START_MS = 60_000;
/** When unshare is killed, so is process 1 of the namespace, and with it all. */
const namespaces = ['--mount', '--pid', '--fork', '--kill-child=KILL', '--propagation', 'private'];
const TOOLS = ['apt-get', 'dpkg-deb', 'tar', 'flock', 'unshare', 'chroot', 'mount'];

export interface S3User {
  readonly name: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  readonly port: number;
  /** Makes buckets and their policies, and is the administrator: the server refuses it nothing. */
  readonly owner: S3User;
  /** May do what a bucket's policy grants, and nothing without one. */
  readonly guest: S3User;
}

/** Why there can be no server on this machine; undefined: there can. Looks at the machine only. */
export function whyNoS3Server(): string | undefined {
  if (process.platform !== 'linux') return 'the S3 server of the tests runs on Linux only';
  if (process.getuid?.() !== 0) return 'only root can start the S3 server of the tests';
  const lacking = TOOLS.find((tool) => spawnSync('which', [tool]).status !== 0);
  if (lacking !== undefined) return `the S3 server of the tests needs ${lacking}`;
  const { status, stderr } = spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']);
  if (status !== 0) return `no namespaces can be made here: ${String(stderr).trim()}`;
  return undefined;
}

export interface S3ServerOptions {
  /** Hands out sessions too (administration.ts), and then does not say what is wrong with a key. */
  readonly sessions?: boolean;
}

/** The server, or why there is none: a test that needs it is then skipped with these words. */
export async function startS3ServerIfPossible(
  options: S3ServerOptions = {},
): Promise<S3Server | string> {
  const reason = whyNoS3Server();
  if (reason !== undefined) return reason;
  let root: string;
  try {
    root = await unpack();
  } catch (error) {
    return `the packages of the S3 server are not to be had: ${lastLine(error)}`;
  }
  return await startS3Server(root, options);
}

async function unpack(): Promise<string> {
  const { stdout } = await promisify(execFile)(script('unpack.sh'), [CACHE]);
  return stdout.trim();
}

async function startS3Server(
  root: string,
  { sessions = false }: S3ServerOptions,
): Promise<S3Server> {
  const [port, monitorPort] = await freePorts();
  const owner = user('owner');
  const guest = user('guest');
  const child = spawn(
    'unshare',
    [
      ...namespaces,
      'sh',
      script('serve.sh'),
      root,
      String(port),
      String(monitorPort),
      String(sessions),
      ...[owner, guest].map((one) => `${one.name}:${one.accessKeyId}:${one.secretAccessKey}`),
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const said = collectLines(child);
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    // The end of its input is the order to stop; with process 1 of the namespace all others end.
    child.stdin?.end();
    await ended;
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await untilServing(endpoint, child);
  } catch (error) {
    await stop();
    throw new Error(`the S3 server did not start:\n${said.join('\n')}`, { cause: error });
  }
  return { endpoint, port, owner, guest, [Symbol.asyncDispose]: stop };
}

/** The gateway binds its port once it has reached the cluster. Nothing tells it but an answer. */
async function untilServing(endpoint: string, child: ChildProcess): Promise<void> {
  const deadline = AbortSignal.timeout(START_MS);
  for (;;) {
    deadline.throwIfAborted();
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const answer = await fetch(endpoint, { signal: deadline }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function collectLines(child: ChildProcess): readonly string[] {
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    if (output === null) continue;
    createInterface(output).on('line', (line) => {
      lines.push(line);
      if (lines.length > 50) lines.shift();
    });
  }
  return lines;
}

/** Held at the same time, so that they are two. */
async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()] as const;
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await once(server.close(), 'close');
  return [ports[0] ?? 0, ports[1] ?? 0];
}

function user(name: string): S3User {
  return { name, accessKeyId: `${name}accesskey`, secretAccessKey: `${name}secretkeyfortestsonly` };
}

function script(name: string): string {
  return path.join(import.meta.dirname, name);
}

function lastLine(error: unknown): string {
  const said = (error as { readonly stderr?: string }).stderr ?? String(error);
  return said.trim().split('\n').at(-1) ?? '';
}
