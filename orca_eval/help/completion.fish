function __orca_eval_words
    set -l before (commandline -opc)
    orca-eval completion words -- $before[2..-1] (commandline -ct) 2>/dev/null
end
complete -c orca-eval -f -a '(__orca_eval_words)'
