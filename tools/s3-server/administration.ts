// What the server's administrator can do, by its own languages (IAM, STS and Ceph's): sessions that end after seconds, and users that may
// ask only so often.
import { createHash, createHmac } from 'node:crypto';
import type { S3Server } from './index.ts';

export interface ShortSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

const ROLE = 'short';

/** May do everything, until it ends. Only of a server that was started with `sessions`. */
export async function openShortSession(server: S3Server, seconds: number): Promise<ShortSession> {
  const principal = { AWS: [`arn:aws:iam:::user/${server.owner.name}`] };
  const made = { Version: '2010-05-08', RoleName: ROLE };
  await ask(server, 'iam', {
    ...made,
    Action: 'CreateRole',
    Path: '/',
    AssumeRolePolicyDocument: policy({ Principal: principal, Action: ['sts:AssumeRole'] }),
  });
  await ask(server, 'iam', {
    ...made,
    Action: 'PutRolePolicy',
    PolicyName: 'all',
    PolicyDocument: policy({ Action: ['s3:*'], Resource: 'arn:aws:s3:::*' }),
  });
  const answer = await ask(server, 'sts', {
    Version: '2011-06-15',
    Action: 'AssumeRole',
    RoleArn: `arn:aws:iam:::role/${ROLE}`,
    RoleSessionName: 'test',
    DurationSeconds: String(seconds),
  });
  const of = (name: string): string => new RegExp(`<${name}>([^<]+)`).exec(answer)?.[1] ?? '';
  return {
    accessKeyId: of('AccessKeyId'),
    secretAccessKey: of('SecretAccessKey'),
    sessionToken: of('SessionToken'),
    expiration: new Date(of('Expiration')),
  };
}

/** How many reads, and how many writes, the guest may ask for in a minute; undefined: as many as it likes. */
export async function limitGuest(server: S3Server, perMinute: number | undefined): Promise<void> {
  const limits =
    perMinute === undefined
      ? { enabled: 'false' }
      : { enabled: 'true', 'max-read-ops': `${perMinute}`, 'max-write-ops': `${perMinute}` };
  const query = new URLSearchParams({
    'ratelimit-scope': 'user',
    uid: server.guest.name,
    ...limits,
  });
  query.sort();
  await send(server, 's3', { path: '/admin/ratelimit', query: query.toString(), body: '' });
}

function policy(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
}

function ask(
  server: S3Server,
  service: string,
  fields: Readonly<Record<string, string>>,
): Promise<string> {
  const body = new URLSearchParams(fields).toString();
  return send(server, service, { path: '/', query: '', body });
}

interface Asked {
  readonly path: string;
  readonly query: string;
  readonly body: string;
}

/** Signed as AWS wants it (Signature Version 4). */
async function send(server: S3Server, service: string, asked: Asked): Promise<string> {
  const { path, query, body } = asked;
  const moment = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const hash = createHash('sha256').update(body).digest('hex');
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    host: `127.0.0.1:${server.port}`,
    'x-amz-content-sha256': hash,
    'x-amz-date': moment,
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const request = ['POST', path, query, lines.join(''), names, hash].join('\n');
  const scope = [moment.slice(0, 8), 'us-east-1', service, 'aws4_request'];
  const digest = createHash('sha256').update(request).digest('hex');
  const text = ['AWS4-HMAC-SHA256', moment, scope.join('/'), digest].join('\n');
  const { accessKeyId, secretAccessKey } = server.owner;
  const hmac = (key: string | Buffer, data: string): Buffer =>
    createHmac('sha256', key).update(data).digest();
  const signature = hmac(scope.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`), text);
  const credential = `Credential=${accessKeyId}/${scope.join('/')}`;
  const signed = `${credential}, SignedHeaders=${names}, Signature=${signature.toString('hex')}`;
  const answer = await fetch(`${server.endpoint}${path}${query && `?${query}`}`, {
    method: 'POST',
    headers: { ...headers, authorization: `AWS4-HMAC-SHA256 ${signed}` },
    body,
  });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`${service} answered ${answer.status}: ${said}`);
  return said;
}
