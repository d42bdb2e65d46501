// The reference keeps its own law.
import { createMemoryParticipant } from './memory-participant.ts';
import { testParticipant } from './testkit.ts';
import { eventually } from './testing/eventually.ts';

testParticipant({
  name: 'memory',
  supports: { noticesLoss: true, endsByItself: true },
  create: async () => {
    const participant = createMemoryParticipant('memory');
    const { application } = participant;
    return {
      participant,
      writes: (timeoutMs) => eventually(() => !application.paused, timeoutMs, 'a write'),
      isPaused: async () => application.paused,
      keepBusy: async () => {
        const end = application.write();
        return async () => end();
      },
      endSuspension: async () => application.restart(),
      [Symbol.asyncDispose]: async () => {},
    };
  },
});
