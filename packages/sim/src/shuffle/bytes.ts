// What is shuffled at a time.

/** The size of the shuffle's memory, which is fixed in shuffle.wat's caller: a block of a checkpoint, a frame of a lens. */
export const SHUFFLE_BYTES = 1024 * 1024;
