// Which names a world's things may have. They become names of sections and columns, keys of objects, and words of a command.

/** Bytes in UTF-8. */
const LONGEST_NAME_BYTES = 200;

/** What is wrong with the name of a signal, entity, member, stratum, era, parameter, field or asset. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'is an empty name';
  if (/^\d+$/.test(name))
    return 'is a name that looks like an integer, and hosts put those in an order of their own';
  if (name === '__proto__') return 'is a name that objects keep for themselves';
  if (!name.isWellFormed()) return 'is a name with half a character';
  if (/[@/\\=\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name))
    return 'is a name with @, /, \\, = or an invisible character';
  if (name !== name.trim()) return 'is a name that begins or ends with white space';
  if (Buffer.byteLength(name) > LONGEST_NAME_BYTES)
    return `is a name of more than ${LONGEST_NAME_BYTES} bytes`;
  return undefined;
}

/** A world's name begins the ids of its runs, which are names of directories. */
export function worldNameProblem(name: string): string | undefined {
  if (!/^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]*$/u.test(name) || Buffer.byteLength(name) > 64)
    return 'has to be a name of letters, digits, - and _, of at most 64 bytes, because directories of runs begin with it';
  return undefined;
}
