// Gives memory back at once. The collector of a thread looks at how many objects there are, and lets tens of megabytes of buffers and
// numbers gather that nobody uses any more; in each of several threads, that is most of what a process has.

/** Nobody has a view of the buffer below any more, and nothing is being read into it. Small buffers are left alone: they are shared. */
export function freeMemory({ buffer }: NodeJS.TypedArray): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize && !buffer.detached) {
    buffer.transfer(0);
  }
}
