// Text that others wrote (rows, commit subjects, paths) on one line of a terminal, which obeys what it is shown: control
// characters and those that turn the direction of writing are written out.

export function plainText(text: string): string {
  return text.replaceAll(/\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, written);
}

function written(character: string): string {
  const known = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
  return known ?? `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}
