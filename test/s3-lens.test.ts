// Lenses in a bucket of a real S3 server: found, read by ranges, and what can be wrong told.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import {
  lensInfo,
  lensRunsAt,
  listLenses,
  locateLens,
  openLens,
  openLensSql,
  s3Place,
  verifyLens,
} from '@stillpoint/sim';
import { temporaryDirectory, writeLens } from '../packages/sim/src/lens/testing/small-lens.ts';
import { stillpoint } from '../packages/stillpoint/src/cli/testing/run.ts';
import { startS3ServerIfPossible } from '../tools/s3-server/index.ts';
import { BUCKET, holdBuckets, keysOf, PREFIX } from './fixture/s3.ts';

const server = await startS3ServerIfPossible();

describe('lenses on S3', { skip: typeof server === 'string' && server }, () => {
  if (typeof server === 'string') return;
  const s3 = holdBuckets(server);
  const { accessKeyId, secretAccessKey } = keysOf(server.guest);
  const environment = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const addressOf = (below: string): string =>
    `s3://${BUCKET}/${PREFIX}/${below}?endpoint=${server.endpoint}`;

  /** Brings the runs of a directory below a prefix, as the guest. */
  const bring = async (
    t: TestContext,
    folder: string,
    runs: readonly string[],
  ): Promise<string> => {
    const directory = temporaryDirectory(t);
    for (const run of runs) {
      const at = await writeLens(directory, run);
      for (const name of readdirSync(at))
        if (!name.startsWith('.'))
          await put(`${folder}/${run}/${name}`, readFileSync(path.join(at, name)));
    }
    return directory;
  };
  const put = async (key: string, Body: Uint8Array): Promise<void> => {
    const { guest, sdk } = s3.buckets;
    await guest.send(new sdk.PutObjectCommand({ Bucket: BUCKET, Key: `${PREFIX}/${key}`, Body }));
  };
  const run = async (cwd: string, args: readonly string[], env = environment) =>
    await stillpoint(args, { cwd, env });

  test('a run is read as on a disk, by ranges of this one version', async (t) => {
    const directory = await bring(t, 'one', ['blue']);
    const place = await s3Place(addressOf('one/blue'), { client: s3.buckets.guest });
    await using far = await openLens(place);
    const { place: near } = await locateLens(path.join(directory, 'blue'), { cwd: '/' });
    await using here = await openLens(near);
    for await (const { tick, fields } of here.each(['heat']))
      assert.deepEqual(await far.samples('heat', tick), fields.get('heat'));
    for await (const one of verifyLens(place)) assert.ok(one.ok);
    assert.equal((await lensInfo(place)).frames, 35);
    await using sql = await openLensSql([far]);
    const rows = await Array.fromAsync(await sql.query('select count(*), max(value) from heat'));
    assert.deepEqual(rows, [[[90_720n, 437.5]]]);
  });

  test('the command finds a run, the latest of a prefix, and one file; and lists them', async (t) => {
    const cwd = await bring(t, 'many', ['blue', 'amber']);
    const dir = addressOf('many');
    const asked = ['lens', 'query', 'heat', '--tick', '50', '--stat', 'max', '--csv'];
    for (const where of [
      ['--lens-dir', dir],
      ['--lens-dir', dir, '--run', 'blue'],
      ['--lens-dir', addressOf('many/amber')],
      ['--lens-dir', addressOf('many/amber/lens_snapshot_0000000000-0000000100.lens')],
    ]) {
      const ran = await run(cwd, [...asked, ...where]);
      assert.equal(ran.stdout, 'tick,time,statistic,value\n50,3000,max,137.5\n', ran.stderr);
    }
    const listed = await run(cwd, ['lens', 'info', dir, '--json']);
    const runs = JSON.parse(listed.stdout) as { runId: string; latest: boolean }[];
    assert.deepEqual(
      runs.map(({ runId, latest }) => [runId, latest]),
      [
        ['amber', true],
        ['blue', false],
      ],
    );
    const verified = await run(cwd, ['lens', 'verify', dir]);
    assert.equal(verified.stdout.match(/whole/g)?.length, 8, verified.stderr);
    const counted = 'select run, count(*) as n from heat group by run order by run';
    const sql = await run(cwd, ['lens', 'sql', counted, '--lens-dir', dir, '--all', '--csv']);
    assert.equal(sql.stdout, 'run,n\namber,90720\nblue,90720\n', sql.stderr);
  });

  test('what changes while it is read is an error, and nothing is mixed', async (t) => {
    await bring(t, 'changed', ['blue']);
    const name = 'lens_snapshot_0000000000-0000000100.lens';
    const place = await s3Place(addressOf('changed/blue'), { client: s3.buckets.guest });
    await put(`changed/blue/${name}`, Buffer.alloc(300_000, 1));
    await using source = await place.open(name);
    await put(`changed/blue/${name}`, Buffer.alloc(300_000, 2));
    await assert.rejects(source.read(0, 100_000), { code: 'LENS_PLACE_CHANGED' });
    await assert.rejects(source.read(0, 10), { code: 'LENS_PLACE_CHANGED' });
  });

  test('no bucket, no run, no frames, no rights, no credentials, no server: each is told', async (t) => {
    const cwd = await bring(t, 'told', ['blue']);
    const problem = async (where: string, env = environment, more: readonly string[] = []) => {
      const ran = await run(
        cwd,
        ['lens', 'query', 'heat', '--tick', '50', '--json', '--lens-dir', where, ...more],
        env,
      );
      return (JSON.parse(ran.stderr) as { error: { code: string } }).error.code;
    };
    const endpoint = `endpoint=${server.endpoint}`;
    assert.equal(await problem(`s3://no-such-bucket-here/x?${endpoint}`), 'LENS_S3_BUCKET_MISSING');
    assert.equal(await problem(addressOf('told'), environment, ['--run', 'green']), 'LENS_MISSING');
    assert.equal(await problem(addressOf('nothing')), 'LENS_EMPTY');
    assert.equal(await problem(`s3://${BUCKET}/x?endpont=x`), 'LENS_S3_ADDRESS_INVALID');
    const wrong = { ...environment, AWS_SECRET_ACCESS_KEY: 'wrong' };
    assert.equal(await problem(addressOf('told'), wrong), 'LENS_S3_REFUSED');
    const none = {
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_PROFILE: undefined,
      AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      AWS_CONFIG_FILE: '/nowhere',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
    assert.equal(await problem(addressOf('told'), none as never), 'LENS_S3_CREDENTIALS_MISSING');
    assert.equal(
      await problem(`s3://${BUCKET}/told?endpoint=http://127.0.0.1:1`),
      'LENS_PLACE_UNREACHABLE',
    );
  });

  test('runs of a prefix are told to programs too', async (t) => {
    await bring(t, 'library', ['blue']);
    process.env['AWS_ACCESS_KEY_ID'] = accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey;
    t.after(() => {
      delete process.env['AWS_ACCESS_KEY_ID'];
      delete process.env['AWS_SECRET_ACCESS_KEY'];
    });
    const where = addressOf('library');
    assert.deepEqual(await lensRunsAt(where, { cwd: '/' }), [addressOf('library/blue')]);
    assert.equal((await listLenses(where))[0]?.chunks, 4);
  });
});
