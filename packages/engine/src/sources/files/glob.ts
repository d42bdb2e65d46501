// The globs of `exclude`. Node's own do not match names that begin with a dot, which here would capture what a person meant
// to leave out; and inside the freeze each pattern is tried on thousands of names, so it is made into an expression once.
//   *  anything within one part, dots too      ?  one character
//   ** as a whole part: any number of parts    [a-z] {a,b}  as everywhere

export function compileGlob(pattern: string): RegExp {
  const parts = pattern
    .replace(/^(\.\/)+/, '')
    .split('/')
    .filter(Boolean);
  const kept = parts.filter((part, at) => part !== '**' || parts[at + 1] !== '**');
  const source = kept.map((part, at) => {
    const last = at === kept.length - 1;
    if (part === '**') return last ? '[^/]+(?:/[^/]+)*' : '(?:[^/]+/)*';
    return compilePart(part) + (last ? '' : '/');
  });
  return new RegExp(`^${source.join('')}$`, 'su');
}

const tokens = /\*+|\?|\[(?<negated>[!^]?)(?<set>\]?[^\]]*)\]|\{(?<choices>[^{}]*)\}|[^]/gu;

function compilePart(part: string): string {
  return part.replaceAll(tokens, (token, ...rest: unknown[]) => {
    const { negated, set, choices } = rest.at(-1) as Record<string, string | undefined>;
    if (token.startsWith('*')) return '[^/]*';
    if (token === '?') return '[^/]';
    if (set !== undefined && set !== '') return compileSet(negated !== '', set) ?? escape(token);
    if (choices !== undefined) return `(?:${choices.split(',').map(compilePart).join('|')})`;
    return escape(token);
  });
}

/** undefined: it is none (`[z-a]`), so it stands for itself. */
function compileSet(negated: boolean, set: string): string | undefined {
  const source = `[${negated ? '^/' : ''}${set.replaceAll(/[\\[\]^&]/g, '\\$&')}]`;
  try {
    return new RegExp(source, 'u').source;
  } catch {
    return undefined;
  }
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');
}
