import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { SourceDriver } from './contract.ts';
import { createFaultyDriver, createMemoryDriver, createMemoryWorld } from './memory.ts';
import { driverSuite, type DriverHarness } from './testkit/driver-suite.ts';

function memoryHarness(wrap: (driver: SourceDriver) => SourceDriver = (it) => it): DriverHarness {
  const world = createMemoryWorld([['a', '1']]);
  let changes = 0;
  return {
    driver: async () => wrap(createMemoryDriver('memory', world)),
    async driverOnNothing() {
      const empty = { ...createMemoryWorld(), exists: false };
      return {
        driver: wrap(createMemoryDriver('memory', empty)),
        content: async () => JSON.stringify([...empty.entries]),
      };
    },
    async change() {
      changes += 1;
      world.entries.set('changed', String(changes));
    },
    content: async () => JSON.stringify([...world.entries]),
    async [Symbol.asyncDispose]() {},
  };
}

driverSuite({
  test: (name, body) => test(`memory driver: ${name}`, body),
  factory: async () => memoryHarness(),
});

test('the suite can fail: a driver that captures too late is caught by law 3', async () => {
  const late = (inner: SourceDriver): SourceDriver => ({
    ...inner,
    async begin(options) {
      const session = await inner.begin(options);
      return {
        mark: async () => {},
        async capture() {
          await session.mark(new AbortController().signal);
          return session.capture();
        },
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
  });
  const bodies = new Map<string, (t: never) => Promise<void>>();
  driverSuite({
    test: (name, body) => bodies.set(name, body),
    factory: async () => memoryHarness(late),
  });
  const law3 = [...bodies].find(([name]) => name.startsWith('law 3'))?.[1];
  await assert.rejects(law3!(undefined as never), assert.AssertionError);
});

test('the faulty double fails where it is told to', async () => {
  const driver = createFaultyDriver(
    createMemoryDriver('m', createMemoryWorld()),
    (method) => method === 'probe',
  );
  await assert.rejects(driver.probe(new AbortController().signal), (error) =>
    isFailure(error, 'DRIVER_FAULT'),
  );
});
