// The S3 server of the tests to play with: `node tools/on-node24.js tools/s3-server/run.ts`, in another terminal what it prints, and
// Ctrl-C when done. Nothing of it stays.
import { once } from 'node:events';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { startS3ServerIfPossible } from './index.ts';

const BUCKET = 'acme-backups';

const server = await startS3ServerIfPossible();
if (typeof server === 'string') {
  console.error(server);
  process.exit(1);
}
const { endpoint, owner } = server;
const { accessKeyId, secretAccessKey } = owner;
const client = new S3Client({
  region: 'us-east-1',
  endpoint,
  forcePathStyle: true,
  credentials: { accessKeyId, secretAccessKey },
});
await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
client.destroy();
console.log(`export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`);
console.log(`# vault: { url: 's3://${BUCKET}/shop?endpoint=${endpoint}', encryption: 'none' }`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await server[Symbol.asyncDispose]();
