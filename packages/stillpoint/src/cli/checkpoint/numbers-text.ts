// Numbers of arrays as people compare them: few digits, and none that mean nothing.

/** 0.1 is '0.1', 1/3 is '0.333333', 1.5e300 is '1.5e+300', null is '–'. */
export function numberText(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(6)));
}

/** [] is 'scalar', [90, 180] is '90×180'. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}
