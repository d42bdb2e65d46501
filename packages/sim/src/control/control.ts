// The simulation's side of control: starts the thread that has the socket, and does between two ticks what is asked for.
import { once } from 'node:events';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import {
  failure,
  programBeside,
  StillpointError,
  threadEnvironment,
  type ErrorCode,
} from '@stillpoint/core';
import type { Control, ControlledRun, ControlOptions } from './contract.ts';
import { createMailbox, type Report, type Request } from './mailbox.ts';

/** What the thread says at its start. */
export type Started =
  | { readonly socket: string }
  | {
      readonly refused: ErrorCode;
      readonly data: Readonly<Record<string, string | number>>;
    };

/** While the run is held, what the writer has ended is looked for so often. */
const collectEveryMs = 20;

/** Rejects with RUN_BUSY where the run answers already, with CTL_SOCKET_FAILED where no socket can be made. */
export async function startControl(options: ControlOptions): Promise<Control> {
  const mailbox = createMailbox();
  const { port1: port, port2 } = new MessageChannel();
  // It is only looked into, never listened to; nor does it keep a process alive.
  port.unref();
  const worker = new Worker(programBeside(import.meta.url, 'control-worker'), {
    workerData: { options, buffer: mailbox.buffer, port: port2 },
    transferList: [port2],
    env: threadEnvironment(),
  });
  // Not by `once` of node:events: that one fails with the thread's error, which is nobody's to handle where nobody waits yet.
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  const { socket } = await started(worker, options, ended);
  // Should it die the run goes on: control is gone then, and nothing is held any more.
  worker.once('exit', () => {
    mailbox.setHeld(0, 0);
    mailbox.change();
  });
  worker.unref();
  const report = (what: Report): void => port.postMessage(what);
  let seen = 0;
  /** Until the waiting has ended: whoever asks twice is told twice. */
  let held = false;

  /** All that lies there. */
  const carryOut = (run: ControlledRun): void => {
    seen = mailbox.changes();
    for (;;) {
      const message = receiveMessageOnPort(port);
      if (message === undefined) return;
      report(carryOutOne(message.message as Request, run, mailbox.numbers().tick));
    }
  };

  const goesOn = (run: ControlledRun): boolean => {
    carryOut(run);
    run.collect();
    held = mailbox.isHeld();
    return !held;
  };

  let closed: Promise<void> | undefined;
  const end = async (last: Parameters<Control['close']>[0]): Promise<void> => {
    worker.ref();
    report({ kind: 'close', last });
    await ended;
    port.close();
  };

  return {
    socket,
    tell: (tick, simTimeSeconds) => mailbox.tell(tick, simTimeSeconds),
    tellDropped: (count) => mailbox.tellDropped(count),
    settle(outcome) {
      if (outcome.outcome === 'written') return report({ kind: 'settled', outcome });
      const { tick, error } = outcome;
      const why = error instanceof Error ? error.message : String(error);
      report({ kind: 'settled', outcome: { outcome: 'failed', tick, why } });
    },
    poll(run) {
      if (mailbox.changes() === seen && !held) return 'go';
      carryOut(run);
      held = mailbox.isHeld();
      return held ? 'held' : 'go';
    },
    hold(run) {
      while (!goesOn(run)) mailbox.wait(seen, Math.min(collectEveryMs, mailbox.heldForMs()));
    },
    async untilReleased(run, signal) {
      while (!goesOn(run)) {
        if (signal?.aborted === true) return;
        await mailbox.waitAsync(seen, Math.min(collectEveryMs, Math.max(1, mailbox.heldForMs())));
      }
    },
    close(last) {
      closed ??= end(last);
      return closed;
    },
  };
}

function carryOutOne(request: Request, run: ControlledRun, tick: number): Report {
  const { number } = request;
  switch (request.kind) {
    case 'pause':
      return { kind: 'held', number, tick };
    case 'set-stride':
      run.setStride(request.ticks);
      return { kind: 'done', number };
    case 'stop':
      run.stop();
      return { kind: 'done', number };
    default:
      return { kind: 'offered', number, offered: run.offerCheckpoint() };
  }
}

async function started(
  worker: Worker,
  { runDirectory }: ControlOptions,
  ended: Promise<void>,
): Promise<{ readonly socket: string }> {
  const failed = Promise.withResolvers<never>();
  const onError = (error: Error): void =>
    failed.reject(
      failure('CTL_SOCKET_FAILED', { directory: runDirectory, why: error.message }, error),
    );
  worker.once('error', onError);
  const [answer] = (await Promise.race([once(worker, 'message'), failed.promise])) as [Started];
  worker.off('error', onError);
  // Without a listener its error would be ours.
  worker.on('error', () => {});
  if ('socket' in answer) return answer;
  // It ends by itself. Not `terminate()`: a thread that is stopped while a native module loads in it takes the process down.
  await ended;
  throw new StillpointError(answer.refused, answer.data);
}
