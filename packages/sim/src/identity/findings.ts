// What the rules of lint look for in the code of a world: everything by which a tick would not follow from the state before it.
import type { Node } from 'acorn';

export interface Rule {
  readonly rule: string;
  readonly hint: string;
}

/** Of `Math`: what ECMAScript leaves to the implementation. The others are exact. */
export const unstableMath: ReadonlySet<string> = new Set(
  (
    'sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh ' +
    'exp expm1 log log1p log2 log10 pow cbrt hypot'
  ).split(' '),
);

const time = 'Use w.tick and w.timeSeconds, which are the same in every run.';
const event = 'A step ends before the next one begins. Count ticks in a signal instead.';
const outside = 'What a tick depends on is in the state, in a parameter or in an asset.';
const drawn = 'Draw from w.random, whose state is in every checkpoint.';

/** Names of the host that a world has no use for. */
export const globals: ReadonlyMap<string, Rule> = new Map([
  ['Date', { rule: 'clock', hint: time }],
  ['performance', { rule: 'clock', hint: time }],
  ['crypto', { rule: 'random', hint: drawn }],
  ['setTimeout', { rule: 'event', hint: event }],
  ['setInterval', { rule: 'event', hint: event }],
  ['setImmediate', { rule: 'event', hint: event }],
  ['queueMicrotask', { rule: 'event', hint: event }],
  ['fetch', { rule: 'outside', hint: outside }],
  ['process', { rule: 'outside', hint: outside }],
  ['Intl', { rule: 'outside', hint: outside }],
]);

export const importOfNode: Rule = { rule: 'outside', hint: outside };
export const random: Rule = { rule: 'random', hint: drawn };
export const forIn: Rule = {
  rule: 'order',
  hint: 'Walk over an array: the order of keys is no part of the state.',
};
export const moduleState: Rule = {
  rule: 'state',
  hint: 'No checkpoint holds a variable of the module. Make it a signal.',
};
export const locale: Rule = {
  rule: 'outside',
  hint: 'It depends on the language of the machine. Compare by < and >.',
};

export function unstable(name: string): Rule {
  return { rule: 'math', hint: `Use det.${name}, which gives the same bits on every runtime.` };
}

/** `2 ** 32` is exact everywhere; so is whatever whole numbers stand there. */
export function isWholeNumber(node: Node): boolean {
  return node.type === 'Literal' && Number.isSafeInteger((node as { value?: unknown }).value);
}
