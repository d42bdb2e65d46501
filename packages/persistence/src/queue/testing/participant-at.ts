// The participant of a queue's database, with connections as simple as the command's, for tests that freeze.
import { Client } from 'pg';
import { DEFAULT_FREEZE_LOCK_KEY } from '../../database/index.ts';
import { createQueueParticipant, type QueueParticipant } from '../participant.ts';

export function participantAt(
  url: string,
  { name = 'queue', key = DEFAULT_FREEZE_LOCK_KEY } = {},
): QueueParticipant {
  return createQueueParticipant({
    name,
    guards: '*',
    key,
    async connect(application_name) {
      const client = new Client({ connectionString: url, application_name });
      await client.connect();
      return client;
    },
  });
}
