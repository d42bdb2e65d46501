// Reads configuration files of other tools without running them: what stands there in plain sight, comments left out.

/** A value as it stands in code: the name of an environment variable, a literal, or something else. */
export type Written =
  | { readonly env: string }
  | { readonly literal: string }
  | { readonly unknown: true };

/** Blanks out // and block comments, and leaves texts alone: an address has // too. */
export function withoutComments(source: string): string {
  return source.replaceAll(
    // What does not end goes on to the end: looked for again from each place within, it would take for ever.
    /("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\]|\\[^])*`?)|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/g,
    (_whole, text?: string) => text ?? ' ',
  );
}

/** What follows `key:` (or `key =` in Prisma) for the first time; undefined: the key is not there. */
export function valueOf(source: string, key: string): Written | undefined {
  const at = new RegExp(
    `(?:^|[\\s,{])["']?${key}["']?\\s*[:=]\\s*([^\\n]*(?:\\n\\s+[^\\n]*)?)`,
  ).exec(source);
  return at === null ? undefined : readWritten(at[1] ?? '');
}

const environmentForms: readonly RegExp[] = [
  /^(?:process\.|import\.meta\.)?env(?:\.|\??\.?\[\s*["'])([A-Za-z_]\w*)/,
  /^(?:Deno\.env\.get|Bun\.env\.get|env)\(\s*["']([A-Za-z_]\w*)/,
  /^Bun\.env\.([A-Za-z_]\w*)/,
];

export function readWritten(text: string): Written {
  // String(process.env.X), (process.env.X as string), await env('X')
  const bare = text.trim().replace(/^(?:(?:await|String|<string>)\s*)?\(?\s*/, '');
  for (const form of environmentForms) {
    const env = form.exec(bare)?.[1];
    if (env !== undefined) return { env };
  }
  const literal = /^(["'`])((?:(?!\1)[^\\\n]|\\.)*)\1/.exec(bare)?.[2];
  if (literal !== undefined && !literal.includes('${')) return { literal };
  return { unknown: true };
}
