// An application that works on jobs and is told over HTTP to hold still: POST /suspend {"snapshot","ttlMs"} answers when no
// job is in flight and none will start, POST /resume {"snapshot"} lets it go on. If no resume comes in time, it goes on by
// itself, and says so when the resume comes after all.
import { appendFileSync } from 'node:fs';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

let suspendedFor: string | undefined; // the snapshot
let resumedLast: string | undefined;
let timeToLive: NodeJS.Timeout | undefined;
let job: Promise<void> = Promise.resolve(); // the one in flight

function goOn(): void {
  clearTimeout(timeToLive);
  suspendedFor = undefined;
}

async function suspend(snapshot: string, ttlMs: number): Promise<[number, object]> {
  if (snapshot === resumedLast) return [409, {}]; // this suspend was overtaken by its resume
  goOn();
  suspendedFor = snapshot; // no job starts from here on
  timeToLive = setTimeout(goOn, ttlMs); // counted from now, not from the end of the job
  await job;
  return suspendedFor === snapshot ? [200, {}] : [409, {}];
}

function resume(snapshot: string): [number, object] {
  resumedLast = snapshot;
  const held = suspendedFor === snapshot;
  if (held) goOn();
  return [200, { held }];
}

async function answer(request: http.IncomingMessage): Promise<[number, object]> {
  const { snapshot, ttlMs } = JSON.parse(Buffer.concat(await request.toArray()).toString());
  if (request.url === '/suspend') return suspend(snapshot, ttlMs);
  if (request.url === '/resume') return resume(snapshot);
  return [404, {}];
}

const server = http.createServer((request, response) => {
  void answer(request)
    .catch((error: Error): [number, object] => [400, { error: error.message }])
    .then(([status, body]) => response.writeHead(status).end(JSON.stringify(body)));
});
server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  console.log(JSON.stringify(server.address()));
});

async function work(number: number): Promise<void> {
  appendFileSync('jobs.txt', `begin ${number}\n`);
  await delay(5);
  appendFileSync('jobs.txt', `end ${number}\n`);
}

const isSuspended = (): boolean => suspendedFor !== undefined;
for (let number = 1; ; number += 1) {
  while (isSuspended()) await delay(5);
  await (job = work(number));
}
