// What goes wrong between a client and a server, on demand: a real proxy that a script is asked about each request.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 *   'pass'          nothing happens
 *   'refuse'        the connection ends before the request is passed on
 *   'lose answer'   the request is done; the connection ends instead of the answer
 *   'cut answer'    half of the answer's body, then the connection ends
 *   'hang'          no answer ever
 *   'hang half'     half of the answer's body, and no more of it ever
 *   'flip'          one bit of the request's body is changed on the way
 *   { status, code } an answer of S3, without asking the server
 */
export type ProxyFault =
  | 'pass'
  | 'refuse'
  | 'lose answer'
  | 'cut answer'
  | 'hang'
  | 'hang half'
  | 'flip'
  | {
      readonly status: number;
      readonly code?: string;
      /** More elements of the error. */
      readonly more?: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** From 1. */
  readonly n: number;
}

export interface Proxy extends AsyncDisposable {
  readonly endpoint: string;
  /** Replaces the script, and counts from 1 again. */
  follow(script: (request: ProxiedRequest) => ProxyFault): void;
  /** Of this script. */
  readonly requests: readonly ProxiedRequest[];
}

export async function startProxy(port: number): Promise<Proxy> {
  let script: (request: ProxiedRequest) => ProxyFault = () => 'pass';
  let requests: ProxiedRequest[] = [];
  const server = createServer((incoming, answer) => {
    const { method = '', url = '' } = incoming;
    const proxied = { method, url, n: requests.length + 1 };
    requests.push(proxied);
    // An error here is one of the connections that the script has cut.
    serve(port, incoming, answer, script(proxied)).catch(() => incoming.socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    follow(next) {
      script = next;
      requests = [];
    },
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function serve(
  port: number,
  incoming: IncomingMessage,
  answer: ServerResponse,
  fault: ProxyFault,
): Promise<void> {
  if (fault === 'refuse') {
    incoming.socket.destroy();
    return;
  }
  const body = await buffer(incoming);
  if (fault === 'hang') return;
  if (typeof fault === 'object') {
    say(answer, fault);
    return;
  }
  const middle = Math.floor(body.length / 2);
  if (fault === 'flip') body[middle] = (body[middle] ?? 0) ^ 1;
  const got = await pass(port, incoming, body);
  const content = await buffer(got);
  if (fault === 'lose answer') {
    incoming.socket.destroy();
    return;
  }
  answer.writeHead(got.statusCode ?? 502, got.rawHeaders);
  const half = Math.floor(content.length / 2);
  if (fault === 'cut answer') answer.write(content.subarray(0, half), () => answer.destroy());
  else if (fault === 'hang half') answer.write(content.subarray(0, half));
  else answer.end(content);
}

/** With the headers as they came: their signature includes the name of the host that the client has asked. */
async function pass(
  port: number,
  incoming: IncomingMessage,
  body: Buffer,
): Promise<IncomingMessage> {
  const { method, url, rawHeaders } = incoming;
  const outgoing = request({
    host: '127.0.0.1',
    port,
    agent: false,
    setHost: false,
    ...(method === undefined ? {} : { method }),
    ...(url === undefined ? {} : { path: url }),
    headers: rawHeaders,
  });
  outgoing.end(body);
  const [got] = (await once(outgoing, 'response')) as [IncomingMessage];
  return got;
}

function say(
  answer: ServerResponse,
  { status, code, more = '', headers = {} }: Extract<ProxyFault, object>,
): void {
  const body =
    code === undefined
      ? ''
      : `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>said the script</Message>${more}</Error>`;
  answer.writeHead(status, { 'content-type': 'application/xml', ...headers });
  answer.end(body);
}
