// Loaded into the process of each test file before anything else, by tools/test.ts. Node's test runner follows every promise of a test
// to know whose a late error is, and has each told to it again when it is collected: an `await` costs twenty times of what it does, and
// that is a third of what some files do. Here the test is followed as AsyncLocalStorage follows everything, which costs nothing.
// A Node that does this otherwise tells late errors without the name of the test (preload.test.ts fails then); they fail the file still.
import hooks, { AsyncLocalStorage, type HookCallbacks } from 'node:async_hooks';
import { isMainThread } from 'node:worker_threads';

/** What runs a test's body, or that of a hook: node:test asks by its id whose the code is that runs now. */
interface Runnable {
  runInAsyncScope: (
    body: (...args: unknown[]) => unknown,
    of: unknown,
    ...args: unknown[]
  ) => unknown;
}

function followTestsOnly(): void {
  const { createHook, executionAsyncId } = hooks;
  const running = new AsyncLocalStorage<number>();
  const follow = (callbacks: HookCallbacks): ReturnType<typeof createHook> =>
    createHook({
      trackPromises: false,
      init(id, type, trigger, resource) {
        if (type !== 'Test') return;
        callbacks.init?.(id, type, trigger, resource);
        const test = resource as Runnable;
        const run = test.runInAsyncScope.bind(test);
        test.runInAsyncScope = (body, of, ...args) =>
          run(() => running.run(id, () => body.apply(of, args)), undefined);
      },
    });
  // node:test takes both when it is loaded, and nobody else is to have them.
  hooks.createHook = follow;
  hooks.executionAsyncId = () => running.getStore() ?? executionAsyncId();
  process.getBuiltinModule('node:test');
  Object.assign(hooks, { createHook, executionAsyncId });
}

/** What a test starts is started as it is by people. */
function hideFromChildren(): void {
  const isOurs = (flag: string): boolean => /^--(require|initial-old-space-size)=/.test(flag);
  process.execArgv = process.execArgv.filter((flag) => !isOurs(flag));
}

// Threads are given the flags of their process.
if (isMainThread) {
  followTestsOnly();
  hideFromChildren();
}
