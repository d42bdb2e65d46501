// The completion of zsh: one function with a case for each place, and what each word means beside it.
import { directoryOptions, stepOverWord, valuedOptions, type Place, type Word } from './grammar.ts';

export function zshScript(places: readonly Place[]): string {
  const cases = places.map(
    (place) => `    '${place.path}')
      options=(${place.options.map(described).join(' ')})
      words_here=(${place.commands.map(described).join(' ')})
      takes='${place.takes}' ;;`,
  );
  return `#compdef stillpoint
# zsh completion of stillpoint. In ~/.zshrc, after compinit: source <(stillpoint completion zsh)
_stillpoint() {
  local place='' takes='nothing' word index
  local -a options words_here project
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    case "$word" in
      --) _normal; return ;;
      --project) project=(--project "\${words[index + 1]}"); ((index++)); continue ;;
${stepOverWord(places)}
  done
  case "\${words[CURRENT - 1]}" in
    ${directoryOptions(places).join('|')}) _files -/; return ;;
    ${valuedOptions(places).join('|')}) return ;;
  esac
  case "$place" in
${cases.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe option options
    return
  fi
  case "$takes" in
    snapshots) words_here=("\${(@f)$(stillpoint $project completion --refs 2>/dev/null | tr '\\t' ':')}") ;;
    directories) _files -/; return ;;
  esac
  _describe word words_here
}
compdef _stillpoint stillpoint
`;
}

function described({ word, description }: Word): string {
  const text = description.replaceAll("'", `'\\''`).replaceAll(':', '\\:');
  return `'${word}:${text}'`;
}
