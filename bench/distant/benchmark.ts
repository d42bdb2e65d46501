// The benchmark of a lost machine from end to end: snapshots of a project in a bucket, and the oldest one restored by the command with
// another home into an empty directory, with only the vault's address, its key and credentials. The bucket is on a server of this machine.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { startS3ServerIfPossible, type S3Server } from '../../tools/s3-server/index.ts';
import { installCommand } from '../command.ts';
import { MEMBERS } from '../freeze/members.ts';
import { fillTables } from '../freeze/tables.ts';
import { metricOf, type Metric } from '../metric.ts';
import { connected, openStillpoint, type OpenedStillpoint } from '../open-stillpoint.ts';
import { openPlace, settleDisk, type Place, type PlaceOptions } from '../place.ts';
import { changeProject, fillProject, SQLITE_FILE, UPLOADS } from '../restore/content.ts';
import { fingerprint, requireSame, type Fingerprint } from '../restore/digest.ts';
import { sizesOf, type Sizes } from '../restore/sizes.ts';
import { measureCommand, type Measured } from '../vault/measure-command.ts';

export interface DistantBenchmarkOptions extends Omit<PlaceOptions, 'neededBytes'> {
  readonly quick: boolean;
}

/** The server keeps 4 GB in memory. */
const fullSizes = sizesOf('1.7gb', 20, 0.34, 15e9);
const quickSizes = sizesOf('170mb', 5, 0.034, 4e9);
const BUCKET = 'acme-backups';

export async function benchmarkDistant(
  options: DistantBenchmarkOptions,
): Promise<readonly Metric[]> {
  const sizes = options.quick ? quickSizes : fullSizes;
  await using place = await openPlace({ ...options, neededBytes: sizes.neededBytes });
  await using server = await startServer();
  const key = path.join(place.directory, 'key');
  await writeFile(key, 'the passphrase of a benchmark\n', { mode: 0o600 });
  const url = `s3://${BUCKET}/shop?endpoint=${server.endpoint}`;
  const written = {
    members: [...MEMBERS],
    sources: {
      db: { driver: 'postgres' },
      shop: { driver: 'sqlite', file: SQLITE_FILE },
      uploads: { driver: 'files', path: UPLOADS },
    },
    vault: { url, encryption: { passphrase: { file: key } } },
  };
  const { oldest, id, bytes } = await fillVault(place, sizes, written);
  const command = await installCommand(place);
  const into = path.join(place.directory, 'into');
  const home = path.join(place.directory, 'home');
  await mkdir(home);
  await settleDisk();
  place.say(`restoring the oldest of ${sizes.snapshots}`);
  const from = ['--from', url, '--passphrase-file', key, '--into', into];
  const restored = await measureCommand(
    process.execPath,
    [command, 'restore', id, ...from, '--quiet'],
    { cwd: home, env: environmentOf(home), signal: place.signal },
  );
  place.say(`${restored.seconds.toFixed(1)} s`);
  await using there = await openStillpoint(place, into, written);
  requireSame('the oldest snapshot', oldest, await look(there, into));
  return report(sizes, { restored, bytes, storedBytes: await storedBytes(server) });
}

/** The machine that is lost afterwards. */
async function fillVault(
  place: Place,
  sizes: Sizes,
  written: object,
): Promise<{ readonly oldest: Fingerprint; readonly id: string; readonly bytes: number }> {
  const project = path.join(place.directory, sizes.label);
  await mkdir(project);
  await fillProject(project, sizes, place.say);
  await using opened = await openStillpoint(place, project, written);
  place.say(`${sizes.postgresRows} rows of Postgres`);
  await connected(opened, (client) => fillTables(client, sizes.postgresRows, place.signal));
  const oldest = await look(opened, project);
  const first = await opened.stillpoint.snapshot({ signal: place.signal });
  for (let round = 1; round < sizes.snapshots; round += 1) {
    await connected(opened, (client) => changeProject(project, client, sizes, round));
    const { durationMs } = await opened.stillpoint.snapshot({ signal: place.signal });
    const seconds = (durationMs / 1000).toFixed(1);
    place.say(`snapshot ${round + 1} of ${sizes.snapshots}: ${seconds} s`);
  }
  const bytes = first.sources.reduce((sum, { bytesTotal }) => sum + bytesTotal, 0);
  return { oldest, id: first.id, bytes };
}

function look(opened: OpenedStillpoint, project: string): Promise<Fingerprint> {
  return connected(opened, (client) => fingerprint(project, client));
}

/** With a bucket, and with this process as somebody who may use it. */
async function startServer(): Promise<S3Server> {
  const server = await startS3ServerIfPossible();
  if (typeof server === 'string') throw new Error(server);
  process.env['AWS_ACCESS_KEY_ID'] = server.owner.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = server.owner.secretAccessKey;
  const client = clientOf(server);
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return server;
}

function clientOf({ endpoint }: S3Server): S3Client {
  return new S3Client({ region: 'us-east-1', endpoint, forcePathStyle: true });
}

async function storedBytes(server: S3Server): Promise<number> {
  const client = clientOf(server);
  let bytes = 0;
  let next: string | undefined;
  do {
    const found: { readonly NextContinuationToken?: string | undefined } = await client
      .send(new ListObjectsV2Command({ Bucket: BUCKET, ContinuationToken: next }))
      .then(({ Contents = [], NextContinuationToken }) => {
        for (const { Size = 0 } of Contents) bytes += Size;
        return { NextContinuationToken };
      });
    next = found.NextContinuationToken;
  } while (next !== undefined);
  client.destroy();
  return bytes;
}

function environmentOf(home: string): NodeJS.ProcessEnv {
  const { XDG_CACHE_HOME: _cache, ...rest } = process.env;
  return { ...rest, HOME: home };
}

function report(
  { snapshots }: Sizes,
  found: { readonly restored: Measured; readonly bytes: number; readonly storedBytes: number },
): readonly Metric[] {
  const { restored, bytes, storedBytes: stored } = found;
  return [
    metricOf([`distant.restore.oldest of ${snapshots}`, restored.seconds, 's']),
    metricOf(['distant.restore.speed', bytes / 1e6 / restored.seconds, 'MB/s']),
    metricOf(['distant.restore.peak', restored.peakMb, 'MB']),
    metricOf(['distant.project', bytes / 1e6, 'MB']),
    metricOf(['distant.vault', stored / 1e6, 'MB']),
  ];
}
