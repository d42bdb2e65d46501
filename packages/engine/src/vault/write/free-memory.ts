// Gives memory back at once. The collector of a thread looks at how many objects there are, and lets tens of megabytes of buffers
// gather that nobody uses any more; in each of five threads, that is most of what this process has.

/** Nobody has a view of the buffer below these bytes any more. Small buffers are left alone: they are shared. */
export function freeMemory({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize && !buffer.detached) {
    buffer.transfer(0);
  }
}
