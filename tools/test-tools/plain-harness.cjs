// Read by each test file's process before anything else, when all are run. node:test watches every promise, timer and file of the
// process (async_hooks), only to say to which test an error belongs that nobody waited for: an eighth of the processor time of all
// tests. Without it such an error still fails its file, with a note that says it; `npm test -- FILE` then names the test.
'use strict';
const hooks = require('node:async_hooks');

const { createHook } = hooks;
const plain = {
  enable: () => plain,
  disable: () => plain,
};
/** The harness takes the function when it is loaded, and is who asks with an object of no prototype. */
hooks.createHook = (callbacks) =>
  Object.getPrototypeOf(callbacks) === null ? plain : createHook(callbacks);
