#compdef orca-eval
_orca_eval() {
  local found
  for found in "${(@f)$(orca-eval completion words -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
    if [[ $found == *[=/,] ]]; then
      compadd -S '' -- "$found"
    elif [[ -n $found ]]; then
      compadd -- "$found"
    fi
  done
}
if [[ $funcstack[1] == _orca_eval ]]; then _orca_eval; else compdef _orca_eval orca-eval; fi
