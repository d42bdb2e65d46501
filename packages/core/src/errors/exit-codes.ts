// What the command's exit status means. Unknown status = failure.
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  notFound: 10,
  locked: 11,
  gateBlocked: 12,
  integrity: 13,
  /** The freeze was given up; nothing was captured and everything runs again. */
  freezeAborted: 14,
  noSpace: 15,
  interrupted: 130,
} as const;
