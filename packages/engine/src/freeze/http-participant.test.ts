// HTTP participants keep the law; and bad applications get a clear error.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { isFailure, newSnapshotId, silent } from '@stillpoint/core';
import type { Hold } from './contract.ts';
import { createHttpParticipant } from './http-participant.ts';
import { testParticipant } from './testkit.ts';
import { eventually } from './testing/eventually.ts';
import { startHttpApplication } from './testing/http-application.ts';

testParticipant({
  name: 'http',
  supports: { noticesLoss: false, endsByItself: true },
  create: async () => {
    const application = await startHttpApplication();
    const { suspendUrl: suspend, resumeUrl: resume } = application;
    return {
      participant: createHttpParticipant({ name: 'h', guards: '*', suspend, resume }),
      writes: (timeoutMs) => eventually(() => !application.paused, timeoutMs, 'a write'),
      isPaused: async () => application.paused,
      keepBusy: async () => {
        const end = application.write();
        return async () => end();
      },
      [Symbol.asyncDispose]: () => application[Symbol.asyncDispose](),
    };
  },
});

const snapshot = newSnapshotId();
const signal = (): AbortSignal => new AbortController().signal;

function open(suspend: string, resume = suspend): Promise<Hold> {
  const participant = createHttpParticipant({ name: 'app', guards: '*', suspend, resume });
  return participant.open({ snapshot, budgetMs: 1000, signal: signal(), progress: silent });
}

async function serve(
  listener: http.RequestListener,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=secret`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('an http participant', () => {
  it('says the snapshot and the time to live', async () => {
    await using application = await startHttpApplication();
    await using hold = await open(application.suspendUrl, application.resumeUrl);
    await hold.suspend(signal(), 1234.5);
    await hold.resume();
    assert.deepEqual(application.asked, [
      `/suspend {"snapshot":"${snapshot}","ttlMs":1235}`,
      `/resume {"snapshot":"${snapshot}"}`,
    ]);
  });

  it('is lost when the application says that it was not held', async () => {
    await using application = await startHttpApplication();
    await using hold = await open(application.suspendUrl, application.resumeUrl);
    await hold.suspend(signal(), 10_000);
    application.restart();
    assert.equal(await hold.resume(), 'lost');
  });

  it('can resume after failed attempts', async () => {
    await using application = await startHttpApplication();
    await using hold = await open(application.suspendUrl, application.resumeUrl);
    await hold.suspend(signal(), 10_000);
    application.refuseResumes(1);
    await assert.rejects(
      hold.resume(),
      /could not resume: POST http:.*\/resume answered 503: .*not now/,
    );
    assert.equal(await hold.resume(), 'held');
  });

  const refused = async (listener: http.RequestListener, words: RegExp): Promise<void> => {
    await using server = await serve(listener);
    await using hold = await open(server.url);
    await assert.rejects(hold.suspend(signal(), 1000), (error) => {
      assert.ok(isFailure(error, 'PARTICIPANT_FAILED'));
      assert.match(error.message, words);
      assert.doesNotMatch(JSON.stringify(error), /secret/);
      return true;
    });
  };

  it('takes an error, a redirect and a broken connection for a refusal, and shows no token', async () => {
    await refused((_, response) => response.writeHead(500).end('on fire'), /answered 500: on fire/);
    await refused((_, response) => response.writeHead(302, { location: '/' }).end(), /redirect/);
    await refused((request) => request.socket.destroy(), /POST http:\/\/127.0.0.1:\d+\/hook: /);
  });

  it('does not wait for nobody', async () => {
    const closed = await serve(() => {});
    await closed[Symbol.asyncDispose]();
    await using hold = await open(closed.url);
    await assert.rejects(hold.suspend(signal(), 1000), /ECONNREFUSED/);
  });

  it('reads no endless answer', async () => {
    await using server = await serve((_, response) => {
      const piece = 'x'.repeat(16_384);
      const pour = (): void => {
        while (response.write(piece) && !response.destroyed);
      };
      response.on('drain', pour);
      pour();
    });
    await using hold = await open(server.url);
    await hold.suspend(signal(), 1000);
  });
});
