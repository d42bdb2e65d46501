// What a run can be asked. `status` and `wait` are answered from shared memory; the rest is carried out by the simulation's thread
// between two ticks, and answered when that has told what came of it.
import { failure } from '@stillpoint/core';
import type { Client, Methods } from './connections.ts';
import type { ControlOptions, ControlStatus } from './contract.ts';
import type { Mailbox, Report, Request, Settled } from './mailbox.ts';
import { createPauses } from './pauses.ts';
import { createSpeedometer } from './speedometer.ts';
import { Refused, refusals } from './wire.ts';

export interface RunMethods extends Methods {
  hear(report: Exclude<Report, { kind: 'close' }>): void;
  /** The run has ended: everybody who waits is told. */
  close(last: { readonly tick: number; readonly file: string } | undefined): void;
}

type Offered = { readonly tick: number; readonly file: string } | undefined;
type Written = Extract<Settled, { outcome: 'written' }>;
type Told = Exclude<Report, { kind: 'close' | 'settled' }>;

/** Ends of checkpoints that are remembered for who asks late. */
const remembered = 1000;
/** How often it is looked whether a tick that is waited for has come. */
const lookEveryMs = 10;

export function createMethods(
  options: ControlOptions,
  mailbox: Mailbox,
  pass: (request: Request) => void,
): RunMethods {
  const pauses = createPauses(mailbox);
  const speedometer = createSpeedometer(mailbox);
  const startedAt = new Date().toISOString();
  const told = new Map<number, (report: Told) => void>();
  const settled = new Map<number, Settled>();
  const whenSettled = new Map<number, PromiseWithResolvers<Settled>>();
  const ended = Promise.withResolvers<Offered>();
  const counts = { written: 0, failed: 0 };
  let last = options.newest ?? null;
  let numbers = 0;
  if (last !== null) {
    const known = { ...last, bytes: 0, full: true, durationMs: 0 };
    settled.set(last.tick, { outcome: 'written', ...known });
  }

  const ask = <K extends Told['kind']>(
    request: { readonly kind: Request['kind']; readonly ticks?: number },
    _answer: K,
  ): Promise<Extract<Told, { kind: K }>> => {
    numbers += 1;
    const number = numbers;
    const answer = Promise.withResolvers<Extract<Told, { kind: K }>>();
    told.set(number, answer.resolve as (report: Told) => void);
    pass({ ...request, number } as Request);
    return orEnded(answer.promise);
  };

  const orEnded = async <T>(answer: Promise<T>): Promise<T> => {
    const over = ended.promise.then(() => {
      throw failure('CTL_RUN_ENDED', { run: options.runId });
    });
    // The one that loses the race is nobody's to handle.
    over.catch(() => {});
    return await Promise.race([answer, over]);
  };

  const durable = async (tick: number): Promise<Written> => {
    const waiting = whenSettled.get(tick) ?? Promise.withResolvers<Settled>();
    const known = settled.get(tick);
    if (known === undefined) whenSettled.set(tick, waiting);
    const outcome = known ?? (await orEnded(waiting.promise));
    if (outcome.outcome === 'written') return outcome;
    throw failure('CTL_CHECKPOINT_FAILED', { run: options.runId, tick, why: outcome.why });
  };

  const status = (): ControlStatus => {
    const { tick, simTimeSeconds, dropped } = mailbox.numbers();
    return {
      runId: options.runId,
      pid: process.pid,
      directory: options.runDirectory,
      startedAt,
      tick,
      untilTick: options.untilTick ?? null,
      simTimeSeconds,
      ticksPerSecond: speedometer.ticksPerSecond(),
      paused: mailbox.isHeld(),
      checkpoints: { ...counts, dropped, last },
    };
  };

  const methods: Readonly<Record<string, (given: Given, client: Client) => unknown>> = {
    status,
    async checkpoint() {
      const { offered } = await ask({ kind: 'checkpoint' }, 'offered');
      if (offered === undefined) return { outcome: 'dropped' };
      const { tick, file } = await durable(offered.tick);
      return { outcome: 'written', tick, file };
    },
    async mark() {
      const { offered } = await ask({ kind: 'mark' }, 'offered');
      if (offered === undefined) throw failure('CTL_CHECKPOINT_DROPPED', { run: options.runId });
      return { ...offered, durable: false };
    },
    async durable(given) {
      const { tick, file } = await durable(given.whole('tick', 0));
      return { tick, file };
    },
    async pause(given, { saidAll }) {
      const ttlMs = given.optional('ttlMs', 1);
      const pause = pauses.begin(ttlMs);
      // Who goes away before the answer does not know its number, and could never end it.
      const onGone = (): void => void pauses.end(pause);
      saidAll.addEventListener('abort', onGone, { once: true });
      try {
        const { tick } = await ask({ kind: 'pause' }, 'held');
        if (pauses.isOn(pause)) return { pause, tick };
        throw failure('CTL_REFUSED', { why: 'the pause was over before it could hold still.' });
      } catch (error) {
        pauses.end(pause);
        throw error;
      } finally {
        saidAll.removeEventListener('abort', onGone);
      }
    },
    held: (given) => ({ held: pauses.isOn(given.whole('pause', 1)) }),
    resume(given) {
      const pause = given.optional('pause', 1);
      return pause === undefined ? { ended: pauses.endAll() } : { held: pauses.end(pause) };
    },
    async stop() {
      await ask({ kind: 'stop' }, 'done');
      pauses.endAll();
      const checkpoint = (await ended.promise) ?? null;
      return { tick: mailbox.numbers().tick, checkpoint };
    },
    async 'set-stride'(given) {
      const ticks = given.whole('ticks', 1);
      await ask({ kind: 'set-stride', ticks }, 'done');
      return { ticks };
    },
    async wait(given, { gone }) {
      const tick = given.whole('tick', 0);
      await orEnded(reached(mailbox, tick, gone));
      return { tick: mailbox.numbers().tick };
    },
  };

  return {
    async call(name, parameters, client) {
      const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
      if (method === undefined) throw new Refused(refusals.noMethod(name.slice(0, 100)));
      return await method(readGiven(parameters), client);
    },
    hear(report) {
      if (report.kind !== 'settled') {
        told.get(report.number)?.(report);
        told.delete(report.number);
        return;
      }
      const { outcome } = report;
      counts[outcome.outcome] += 1;
      if (outcome.outcome === 'written') last = { tick: outcome.tick, file: outcome.file };
      settled.set(outcome.tick, outcome);
      if (settled.size > remembered) settled.delete(settled.keys().next().value ?? 0);
      whenSettled.get(outcome.tick)?.resolve(outcome);
      whenSettled.delete(outcome.tick);
    },
    close(lastOne) {
      pauses.endAll();
      speedometer.stop();
      ended.resolve(lastOne);
    },
  };
}

async function reached(mailbox: Mailbox, tick: number, gone: AbortSignal): Promise<void> {
  const come = Promise.withResolvers<void>();
  const look = (): void => {
    if (mailbox.numbers().tick >= tick || gone.aborted) come.resolve();
  };
  look();
  const timer = setInterval(look, lookEveryMs);
  try {
    await come.promise;
  } finally {
    clearInterval(timer);
  }
}

/** The parameters of a call. */
interface Given {
  whole(name: string, smallest: number): number;
  optional(name: string, smallest: number): number | undefined;
}

function readGiven(parameters: unknown): Given {
  if (parameters !== undefined && (typeof parameters !== 'object' || Array.isArray(parameters)))
    throw new Refused(refusals.parameters('Parameters are an object, by their names.'));
  const given = (parameters ?? {}) as Readonly<Record<string, unknown>>;
  const whole = (name: string, smallest: number): number => {
    const value = given[name];
    if (Number.isSafeInteger(value) && (value as number) >= smallest) return value as number;
    throw new Refused(
      refusals.parameters(`"${name}" is a whole number that is ${smallest} at least.`),
    );
  };
  return {
    whole,
    optional: (name, smallest) => (given[name] === undefined ? undefined : whole(name, smallest)),
  };
}
