// The control thread of a run: has the socket, answers what it can from shared memory, and passes on what the simulation must do.
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { isFailure } from '@stillpoint/core';
import { acceptClients } from './connections.ts';
import type { ControlOptions } from './contract.ts';
import type { Started } from './control.ts';
import { createMailbox, type Report } from './mailbox.ts';
import { createMethods } from './methods.ts';
import { openSocket } from './open-socket.ts';

interface Given {
  readonly options: ControlOptions;
  readonly buffer: SharedArrayBuffer;
  readonly port: MessagePort;
}

const { options, buffer, port } = workerData as Given;
const say = (started: Started): void => parentPort?.postMessage(started, []);

try {
  const place = await openSocket(options);
  const mailbox = createMailbox(buffer);
  const methods = createMethods(options, mailbox, (request) => {
    port.postMessage(request);
    mailbox.change();
  });
  const clients = acceptClients(place.server, methods);
  place.open();
  port.on('message', (report: Report) => {
    if (report.kind !== 'close') methods.hear(report);
    else void end(report.last);
  });
  const end = async (last: { tick: number; file: string } | undefined): Promise<void> => {
    methods.close(last);
    await clients.close();
    await place.remove();
    port.close();
  };
  say({ socket: place.socket });
} catch (error) {
  say(
    isFailure(error)
      ? { refused: error.code, data: error.data }
      : {
          refused: 'CTL_SOCKET_FAILED',
          data: { directory: options.runDirectory, why: (error as Error).message },
        },
  );
  port.close();
}
