// What names a run: text of the caller's, part of two keys.

/** A key of Postgres ends at some 2,700 bytes. */
const RUN_ID_BYTES = 1000;

/** A TypeError: it is the program that makes these names. */
export function checkRunId(runId: string): void {
  const fits =
    typeof runId === 'string' &&
    runId !== '' &&
    runId.isWellFormed() &&
    !runId.includes('\0') &&
    Buffer.byteLength(runId) <= RUN_ID_BYTES;
  if (!fits)
    throw new TypeError(
      `a run is named by text of 1 to ${RUN_ID_BYTES} bytes without a zero character`,
    );
}
