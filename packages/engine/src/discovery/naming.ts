// Names for what was found, as the configuration takes them: short, of a-z, 0-9, _ and -, and no two alike.

export interface Names {
  /** The first of the wishes that is free, else the first one with a number. */
  take(...wishes: readonly string[]): string;
}

/** `taken`: the members' paths, which a snapshot knows by the same kind of name. */
export function createNames(taken: readonly string[]): Names {
  const used = new Set(taken.map(folded));
  return {
    take(...wishes) {
      const said = wishes.map(sourceName).filter((name) => name !== '');
      const names = said.length > 0 ? said : ['source'];
      let name = names.find((one) => !used.has(folded(one)));
      for (let count = 2; name === undefined; count++) {
        const numbered = `${names[0]?.slice(0, 27)}${count}`;
        if (!used.has(folded(numbered))) name = numbered;
      }
      used.add(folded(name));
      return name;
    },
  };
}

/** '' when nothing of it can be kept. */
export function sourceName(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 32)
    .replace(/-+$/, '');
}

/** `exec` makes variables of names: - and _ are one there. */
function folded(name: string): string {
  return name.replaceAll('-', '_');
}
