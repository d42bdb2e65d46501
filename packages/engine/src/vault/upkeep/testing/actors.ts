// Several programs on one store, one running at a time, in an order that a seed decides: each goes on for some calls of the store and is
// then stopped in front of the next one, as if its process had been paused, while its clock and those of the others jump.
import type { Clock } from '@stillpoint/core';
import type { Store } from '../../contract.ts';

export interface Actor {
  /** The shared store, through which it can be stopped. */
  readonly store: Store;
  readonly clock: Clock;
}

export interface Actors {
  /** `pausesAt`: in front of its first put below this prefix it is stopped until all others have ended. */
  add(name: string, body: (actor: Actor) => Promise<void>, pausesAt?: string): void;
  /** Until all have ended; `between` each two turns now and then. Resolves to the number of turns. */
  run(between: () => Promise<void>): Promise<number>;
}

interface State {
  readonly name: string;
  readonly done: Promise<void>;
  ended: boolean;
  pausesAt: string | undefined;
  paused: boolean;
  /** Calls that it may still make. */
  budget: number;
  readonly waiting: (() => void)[];
  stopped: () => void;
}

const HOUR_MS = 3_600_000;
/** Of one turn; a round has short turns or long ones. */
const TURN_CALLS = [3, 10, 30, 100];
/** Looking at everything costs more than a turn. */
const LOOK_EVERY = 12;

export function createActors(store: Store, random: () => number): Actors {
  const states: State[] = [];
  const turnCalls = TURN_CALLS[Math.floor(random() * TURN_CALLS.length)]!;

  const gate = async (state: State, put = ''): Promise<void> => {
    if (state.pausesAt !== undefined && put.startsWith(state.pausesAt)) {
      state.pausesAt = undefined;
      state.paused = true;
      state.budget = 0;
    }
    if (state.budget === 0) {
      const turn = new Promise<void>((resolve) => state.waiting.push(resolve));
      state.stopped();
      await turn;
    }
    state.budget = Math.max(0, state.budget - 1);
  };

  const runTurn = async (state: State): Promise<void> => {
    const stopped = new Promise<void>((resolve) => {
      state.stopped = resolve;
    });
    state.budget = 1 + Math.floor(random() * turnCalls);
    // All of them: it may wait for each before it makes another call.
    for (const goOn of state.waiting.splice(0)) goOn();
    await Promise.race([stopped, state.done]);
  };

  return {
    add(name, body, pausesAt) {
      const { promise: begin, resolve: start } = Promise.withResolvers<void>();
      const state: State = {
        name,
        ended: false,
        pausesAt,
        paused: false,
        budget: 0,
        waiting: [start],
        stopped: () => {},
        done: begin.then(async () => {
          try {
            await body({
              store: throughGate(store, (put) => gate(state, put)),
              clock: jumping(random),
            });
          } catch (error) {
            throw new Error(`${name} failed`, { cause: error });
          } finally {
            state.ended = true;
          }
        }),
      };
      state.done.catch(() => {});
      states.push(state);
    },

    async run(between) {
      let turns = 0;
      for (;;) {
        const alive = states.filter(({ ended }) => !ended);
        if (alive.length === 0) break;
        const awake = alive.filter(({ paused }) => !paused);
        if (awake.length === 0) for (const state of alive) state.paused = false;
        else await runTurn(awake[Math.floor(random() * awake.length)]!);
        if (++turns % LOOK_EVERY === 0) await between();
      }
      await Promise.all(states.map(({ done }) => done));
      return turns;
    },
  };
}

/** Hours forth and back from one look to the next. */
function jumping(random: () => number): Clock {
  let nowMs = Date.UTC(2026, 10, 21);
  const offset = Math.floor(random() * 1000);
  let looks = 0;
  return {
    now: () => new Date((nowMs += (((offset + looks++ * 7) % 49) - 24) * HOUR_MS)),
    monotonicMs: () => 0,
  };
}

function throughGate(store: Store, gate: (put?: string) => Promise<void>): Store {
  const behind = async <R>(call: () => Promise<R>, put?: string): Promise<R> => {
    await gate(put);
    return await call();
  };
  return {
    ...store,
    put: (key, content, options) => behind(() => store.put(key, content, options), key),
    get: (key, options) => behind(() => store.get(key, options)),
    stat: (key, options) => behind(() => store.stat(key, options)),
    delete: (key, options) => behind(() => store.delete(key, options)),
    async *list(prefix, options) {
      await gate();
      yield* store.list(prefix, options);
    },
    async close() {},
  };
}
