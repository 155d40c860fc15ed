# bash takes = and : for ends of words; what stands before the last of them is not to be repeated.
_orca_eval() {
  local line="${COMP_LINE:0:COMP_POINT}" last="${COMP_WORDS[COMP_CWORD]}" words word known found
  [[ $last =~ ^[=:]+$ ]] && last=
  read -ra words <<<"$line"
  word="${line##*[[:space:]]}"
  [[ -z $word ]] && words+=("")
  known="${word%"$last"}"
  COMPREPLY=()
  while IFS= read -r found; do
    found="${found#"$known"}"
    [[ $found =~ ^[[:alnum:]_./:=,@%+~\[-]*$ ]] || printf -v found %q "$found"
    [[ $found == *[=/,] ]] || found+=" "
    COMPREPLY+=("$found")
  done < <(orca-eval completion words -- "${words[@]:1}" 2>/dev/null)
}
complete -o nospace -F _orca_eval orca-eval
