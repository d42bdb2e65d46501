// Sizes as people write them: 512MB, 1.5 GiB, 64k. As the standard has it: k, M, G and T count in thousands, Ki, Mi, Gi and Ti in
// 1024s, and the B may be left out.

const powers: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4 };

/**
 * Whole bytes, rounded; undefined when the text is no size, or one above what a number holds exactly. A bare number is not one:
 * its unit would be a guess.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,15})?)\s*(?:([kmgt])(i?)b?|b)$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, value, letter, binary] = match;
  const power = letter === undefined ? 0 : powers[letter.toLowerCase()]!;
  const bytes = Math.round(Number(value) * (binary ? 1024 : 1000) ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest exact way to write it: 4294967296 is '4GiB', 512000000 is '512MB', 1500 is '1500B'. */
export function sizeText(bytes: number): string {
  const texts = [`${bytes}B`];
  for (const [letter, power] of Object.entries(powers)) {
    const [decimal, binary] = [bytes / 1000 ** power, bytes / 1024 ** power];
    if (decimal >= 1 && Number.isInteger(decimal)) {
      texts.push(`${decimal}${letter === 'k' ? letter : letter.toUpperCase()}B`);
    }
    if (binary >= 1 && Number.isInteger(binary)) texts.push(`${binary}${letter.toUpperCase()}iB`);
  }
  return texts.reduce((shortest, text) => (text.length < shortest.length ? text : shortest));
}
