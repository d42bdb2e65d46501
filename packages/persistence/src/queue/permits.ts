// Who in this process may claim, and has jobs in flight. As long as there is somebody, the process holds the permit, one shared
// lock that the freezer waits for; so a busy worker pays nothing for it, and an idle one holds nothing.
//
// A freezer closes the gate. We hear of it by NOTIFY and, should that be lost, by looking every 100 ms; from then on nobody
// enters, and the last one that leaves gives the permit back.
import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Queryable } from '../database/contract.ts';
import { openStation, type Station, type StationOptions } from './station.ts';

export interface Permit extends Disposable {
  /** Aborted with the session. Claims made under this permit are void then. */
  readonly lost: AbortSignal;
  /** False: claim nothing more, and leave when your jobs are done. */
  isOpen(): boolean;
  /** Aborted with GATE_CLOSED when a freezer waits for this permit. */
  readonly closed: AbortSignal;
  claim<T>(body: (claiming: Queryable) => Promise<T>): Promise<T>;
  /** For what goes with the claimed job without its transaction. Needs no freeze lock: the freezer waits for this permit. */
  readonly session: Station['session'];
  /** The same permit once more. */
  share(): Permit;
}

export interface Permits extends AsyncDisposable {
  /** Waits until the gate is open and the server can be reached. Rejects with the signal's reason only. */
  enter(signal: AbortSignal): Promise<Permit>;
  /** The session of now; undefined while there is none. */
  current(): Station | undefined;
  /** The gate may have been closed. */
  look(): void;
}

export interface PermitsOptions extends Omit<StationOptions, 'onNews'> {
  readonly onNews: () => void;
  /** The session is gone, or there is another: what was told while there was none is lost. */
  readonly onSession: () => void;
  /** Who looks at the gate instead of the session itself: one that is busy hears nothing. */
  readonly lookout?: () => Station | undefined;
  /** Awaited when the last one has left and a freeze waits, while the permit is still held. What it rejects with is told. */
  readonly beforeStill?: (() => Promise<void>) | undefined;
  /** The server cannot be reached, or refuses. It is tried again. */
  readonly onError: (error: unknown) => void;
}

/** Why what can wait was cancelled: no error. */
export const GATE_CLOSED = new Error('a freeze waits for the queue');

const lookMs = 100;
const reconnectMs = { first: 100, longest: 5000 };

export function createPermits(options: PermitsOptions): Permits {
  const news = new EventEmitter().setMaxListeners(0);
  let station: Station | undefined;
  let state: 'none' | 'held' | 'closed' = 'none';
  let users = 0;
  /** Of the permit that is held now. */
  let closing = new AbortController();
  let disposed = false;
  /** All that changes the lock goes one after the other. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(body: () => Promise<T>): Promise<T> => {
    const mine = turn.then(body);
    turn = mine.catch(() => {});
    return mine;
  };

  let looking = false;
  const look = async (): Promise<void> => {
    const of = station;
    if (of === undefined || state !== 'held' || looking) return;
    looking = true;
    const by = options.lookout?.() ?? of;
    const open = await by.isGateOpen().finally(() => (looking = false));
    if (open || station !== of || state !== 'held') return;
    state = 'closed';
    closing.abort(GATE_CLOSED);
    news.emit('news');
    if (users === 0) await giveBack();
  };
  const giveBack = (): Promise<void> =>
    inTurn(async () => {
      if (users > 0 || state === 'none' || station === undefined) return;
      const of = station;
      if (options.beforeStill !== undefined) {
        // The gate may be closed without our having heard of it: it is looked at in the statement that gives back.
        const given = state === 'held' && (await of.releaseIfOpen());
        // Nobody enters meanwhile: that takes its turn, too.
        if (!given) await options.beforeStill().catch(options.onError);
        if (station !== of) return;
        if (given) {
          state = 'none';
          return;
        }
      }
      state = 'none';
      await of.releasePermit();
    }).catch(options.onError);
  const onNews = (): void => {
    // Whether it is about the gate is for the gate to say.
    lookNow();
    news.emit('news');
    options.onNews();
  };
  const lookNow = (): void => void look().catch(options.onError);
  const timer = setInterval(lookNow, lookMs);
  timer.unref();

  const openOnce = async (): Promise<Station> => {
    if (station !== undefined) return station;
    const opened = await openStation({ ...options, onNews });
    station = opened;
    state = 'none';
    users = 0;
    const forget = (): void => {
      if (station !== opened) return;
      station = undefined;
      state = 'none';
      users = 0;
      news.emit('news');
      options.onNews();
      options.onSession();
    };
    opened.lost.addEventListener('abort', forget, { once: true });
    options.onSession();
    return opened;
  };

  const permitOf = (of: Station): Permit => {
    let left = false;
    users += 1;
    return {
      lost: of.lost,
      closed: closing.signal,
      session: of.session,
      isOpen: () => station === of && state === 'held',
      claim: (body) => of.claim(body),
      share: () => permitOf(of),
      [Symbol.dispose]() {
        // One of a session that is gone counts no more.
        if (left || station !== of) return;
        left = true;
        users -= 1;
        if (users === 0) void giveBack();
      },
    };
  };

  const tryEnter = (): Promise<Permit | undefined> =>
    inTurn(async () => {
      if (disposed) return undefined;
      const of = await openOnce();
      if (state === 'closed') return undefined;
      if (state === 'none') {
        if (!(await of.tryPermit())) return undefined;
        if (station !== of) return undefined;
        state = 'held';
        closing = new AbortController();
      }
      return permitOf(of);
    });

  return {
    current: () => station,
    look: lookNow,
    async enter(signal) {
      let pauseMs = reconnectMs.first;
      for (;;) {
        signal.throwIfAborted();
        let waitMs = lookMs;
        try {
          const permit = await tryEnter();
          if (permit !== undefined) return permit;
        } catch (error) {
          options.onError(error);
          waitMs = pauseMs;
          pauseMs = Math.min(pauseMs * 2, reconnectMs.longest);
        }
        await waitFor(news, waitMs, signal);
      }
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      clearInterval(timer);
      await turn;
      const last = station;
      station = undefined;
      await last?.[Symbol.asyncDispose]();
    },
  };
}

/** Until there is news, or the time is up, or the signal aborts. Never rejects. */
async function waitFor(news: EventEmitter, ms: number, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const any = AbortSignal.any([signal, done.signal]);
  await Promise.race([
    delay(ms, undefined, { signal: any }),
    once(news, 'news', { signal: any }),
  ]).catch(() => {});
  done.abort();
}
