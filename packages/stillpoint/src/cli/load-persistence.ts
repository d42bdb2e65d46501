// The persistence library, for the few commands that need it. Its user installs it: it brings a planner of migrations along that is
// many times as large as all the rest.
import { failure } from '@stillpoint/core';

export async function loadPersistence(): Promise<typeof import('@stillpoint/persistence')> {
  try {
    return await import('@stillpoint/persistence');
  } catch (error) {
    throw missingOr(error);
  }
}

export async function loadQueueParticipant(): Promise<
  typeof import('@stillpoint/persistence/participant')
> {
  try {
    return await import('@stillpoint/persistence/participant');
  } catch (error) {
    throw missingOr(error);
  }
}

function missingOr(error: unknown): unknown {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const missing =
    code === 'ERR_MODULE_NOT_FOUND' && message?.includes("'@stillpoint/persistence'") === true;
  return missing ? failure('PERSISTENCE_MISSING', {}, error) : error;
}
