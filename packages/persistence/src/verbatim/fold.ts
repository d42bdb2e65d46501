// When two keys are the same: whatever their case, their Unicode form and their white space. Done here and not by the server, so
// that it is the same for every collation and version of a server.

/** Marks of direction, joiners, soft hyphens: what Unicode says to ignore. */
const IGNORABLE = /\p{Default_Ignorable_Code_Point}+/gu;

/**
 * Compatibility form (NFKC), case folded, white space as single spaces. As Unicode's NFKC_Casefold: the dotless `ı` stays another
 * letter than `i`, `ß` is `ss`.
 */
export function fold(text: string): string {
  // No text of Postgres has a zero character; in a question it parts words, as a blank does.
  let folded = text.replaceAll('\0', ' ');
  // Folding a case can take a form apart, and the form can bring a case along; it settles after a round or two.
  for (;;) {
    const next = caseFold(folded.normalize('NFKC').replace(IGNORABLE, '')).normalize('NFKC');
    if (next === folded) break;
    folded = next;
  }
  return folded.replaceAll(/\s+/gu, ' ').trim();
}

/** Upper case first: it brings together what has several lower cases. The final sigma is one of them, by its place in the word. */
function caseFold(text: string): string {
  return text
    .split('ı')
    .map((part) => part.toUpperCase().toLowerCase().replaceAll('ς', 'σ'))
    .join('ı');
}
