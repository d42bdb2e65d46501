// The simulation library, for the few commands that need it. Its user installs it: not everybody who undoes simulates.
import { failure } from '@stillpoint/core';

export async function loadSim(): Promise<typeof import('@stillpoint/sim')> {
  try {
    return await import('@stillpoint/sim');
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message?: string };
    const missing =
      code === 'ERR_MODULE_NOT_FOUND' && message?.includes("'@stillpoint/sim'") === true;
    throw missing ? failure('SIM_MISSING', {}, error) : error;
  }
}
