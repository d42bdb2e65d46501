// Mathematical functions that give the same bits on every runtime.

/** The functions that a world may use instead of those of `Math`. */
export const det = {
  sqrt: Math.sqrt,
  log: Math.log,
  cos: Math.cos,
} as const;
