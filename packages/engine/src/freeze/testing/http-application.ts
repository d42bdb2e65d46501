// A small application with work in flight, told over HTTP to hold still. Keeps the rules of docs/guide/holding-still.md:
// the time to live counts from the suspend, and a suspend that comes after the resume of its snapshot is refused.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpApplication extends AsyncDisposable {
  readonly suspendUrl: string;
  readonly resumeUrl: string;
  readonly paused: boolean;
  /** What was asked of it, in order: '/suspend {"snapshot":...}'. */
  readonly asked: readonly string[];
  write(): () => void;
  restart(): void;
  /** The next so many resumes are answered with 503. */
  refuseResumes(count: number): void;
}

export async function startHttpApplication(): Promise<HttpApplication> {
  const asked: string[] = [];
  const resumed = new Set<string>();
  let suspendedFor: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writes = 0;
  let refused = 0;
  let drained: (() => void)[] = [];

  const goOn = (): void => {
    clearTimeout(timer);
    suspendedFor = undefined;
    for (const tell of drained.splice(0)) tell();
  };
  const suspend = async (snapshot: string, ttlMs: number): Promise<[number, object]> => {
    if (resumed.has(snapshot)) return [409, { error: 'resumed already' }];
    suspendedFor = snapshot;
    timer = setTimeout(goOn, ttlMs);
    if (writes > 0) await new Promise<void>((resolve) => drained.push(resolve));
    return suspendedFor === snapshot ? [200, {}] : [409, { error: 'resumed meanwhile' }];
  };
  const resume = (snapshot: string): [number, object] => {
    if (refused > 0) {
      refused -= 1;
      return [503, { error: 'not now' }];
    }
    resumed.add(snapshot);
    const held = suspendedFor === snapshot;
    if (held) goOn();
    return [200, { held }];
  };
  const server = http.createServer((request, response) => {
    void (async () => {
      const text = Buffer.concat(await request.toArray()).toString();
      asked.push(`${request.url} ${text}`);
      const { snapshot, ttlMs } = JSON.parse(text) as { snapshot: string; ttlMs: number };
      const [status, answer] =
        request.url === '/suspend' ? await suspend(snapshot, ttlMs) : resume(snapshot);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    suspendUrl: `${base}/suspend`,
    resumeUrl: `${base}/resume`,
    asked,
    get paused() {
      return suspendedFor !== undefined;
    },
    write() {
      writes += 1;
      return () => {
        writes -= 1;
        if (writes === 0) for (const tell of drained.splice(0)) tell();
      };
    },
    restart: goOn,
    refuseResumes: (count) => (refused = count),
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      drained = [];
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
