// The completion of bash 4 and newer: one function with a case for each place.
import { directoryOptions, stepOverWord, valuedOptions, type Place } from './grammar.ts';

export function bashScript(places: readonly Place[]): string {
  const cases = places.map(
    (place) => `    '${place.path}')
      options='${place.options.map(({ word }) => word).join(' ')}'
      words='${place.commands.map(({ word }) => word).join(' ')}'
      takes='${place.takes}' ;;`,
  );
  return `# bash completion of stillpoint. In ~/.bashrc: source <(stillpoint completion bash)
_stillpoint() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local place='' options='' words='' takes='nothing' index word
  local project=()
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$word" in
      --) COMPREPLY=($(compgen -c -A file -- "$current")); return ;;
      --project) project=(--project "\${COMP_WORDS[index + 1]}"); ((index++)); continue ;;
${stepOverWord(places)}
  done
  case "$previous" in
    ${directoryOptions(places).join('|')}) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")); return ;;
    ${valuedOptions(places).join('|')}) return ;;
  esac
  case "$place" in
${cases.join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
    return
  fi
  case "$takes" in
    snapshots) words="$(stillpoint "\${project[@]}" completion --refs 2>/dev/null | cut -f1)" ;;
    directories) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")); return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _stillpoint stillpoint
`;
}
