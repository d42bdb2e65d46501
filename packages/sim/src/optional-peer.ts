// Libraries that only some need, and that are large: whoever needs one installs it.
import { failure } from '@stillpoint/core';

/** Large libraries that pictures, exports and SQL are made with, by the names they are installed by. */
export type OptionalPeer =
  | '@aws-sdk/client-s3'
  | '@duckdb/node-api'
  | '@napi-rs/canvas'
  | 'apache-arrow'
  | 'h5wasm';

/** `load` imports it, under its own name so that bundlers see it. Throws SIM_PEER_MISSING where it is not installed. */
export async function optionalPeer<T>(
  name: OptionalPeer,
  purpose: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message?: string };
    const missing = code === 'ERR_MODULE_NOT_FOUND' && message?.includes(`'${name}'`) === true;
    throw missing ? failure('SIM_PEER_MISSING', { name, purpose }, error) : error;
  }
}
