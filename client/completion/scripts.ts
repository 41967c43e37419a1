import { completionWord } from './protocol.ts';
import type { Shell } from './shells.ts';

/**
 * Scripts that make a shell ask `lynq` what could come next. Written here and not taken from a library: the one that generates such scripts for
 * commander (@bomb.sh/tab) answers at once or not at all, so it cannot offer live names, and never lets the shell complete files.
 */

/** How to load the script, for people. */
const loadingOf = {
  bash: 'source <(lynq completion bash)',
  zsh: 'source <(lynq completion zsh)',
  fish: 'lynq completion fish | source',
} as const satisfies Record<Shell, string>;

const bash = `# bash completion for lynq; load it with: ${loadingOf.bash}
_lynq() {
  local line="\${COMP_LINE:0:COMP_POINT}" cur="\${COMP_WORDS[COMP_CWORD]}" directive=0 answer
  local -a words
  read -ra words <<< "$line"
  case "$line" in *[[:space:]]) words+=("") ;; esac
  answer="$("\${words[0]}" ${completionWord} -- "\${words[@]:1}" 2>/dev/null)" || return
  directive="\${answer##*:}"
  COMPREPLY=()
  # What the shell takes for the current word is shorter than ours after "=" and ":".
  local whole="\${words[-1]}" value
  local skip="\${whole%"$cur"}"
  case "$whole" in -*=*) skip="" ;; esac
  [ "$cur" = "=" ] && cur=""
  while IFS= read -r value; do
    case "$value" in :[0-9]*) continue ;; esac
    value="\${value%%$'\\t'*}"
    COMPREPLY+=("\${value#"$skip"}")
  done <<< "$answer"
  [ "$directive" = 6 ] && compopt -o nospace 2>/dev/null
  if [ \${#COMPREPLY[@]} -eq 0 ] && [ "$directive" = 0 ]; then
    compopt -o filenames 2>/dev/null
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -F _lynq lynq
`;

const zsh = `#compdef lynq
# zsh completion for lynq; load it with: ${loadingOf.zsh}
_lynq() {
  local answer line directive=0
  local -a values
  answer="$("\${words[1]}" ${completionWord} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)" || return
  for line in "\${(@f)answer}"; do
    case "$line" in
      :[0-9]*) directive="\${line#:}" ;;
      *$'\\t'*) values+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      ?*) values+=("\${line//:/\\\\:}") ;;
    esac
  done
  [[ "\${words[CURRENT]}" == -*=* ]] && compset -P '*='
  if (( \${#values} )); then
    if [[ "$directive" == 6 ]]; then _describe 'lynq' values -S ''; else _describe 'lynq' values; fi
  elif [[ "$directive" == 0 ]]; then _files
  fi
}
# Sourced before the completion system was started it still works.
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _lynq lynq
`;

const fish = `# fish completion for lynq; load it with: ${loadingOf.fish}
function __lynq_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l current (commandline -ct)
  set -l answer ($words[1] ${completionWord} -- $words[2..-1] 2>/dev/null)
  set -l directive (string replace -r '^:' '' -- $answer[-1])
  set -l prefix ''
  if string match -qr -- '^-.*=' $current
    set prefix (string replace -r '=.*$' '=' -- $current)
  end
  set -l values $answer[1..-2]
  if test (count $answer) -le 1
    test "$directive" = 0; and __fish_complete_path (string replace -- "$prefix" '' $current)
    return
  end
  for value in $values
    printf '%s%s\\n' $prefix $value
  end
end
complete -c lynq -f -a '(__lynq_complete)'
`;

export const scripts = { bash, zsh, fish } as const satisfies Record<Shell, string>;
