# Completion of wosync for bash. It asks wosync itself: what --help shows is what is offered.

# _wosync_help PROGRAM [COMMAND]: a line for each command, option and argument: what it is, its name, its value, its description
_wosync_help() {
    "$@" --help 2>/dev/null | awk '
        function add(option, kind, text) {
            if (!(option in kinds)) { order[++count] = option; kinds[option] = kind }
            else if (kinds[option] == "") kinds[option] = kind
            if (text != "") texts[option] = text
        }
        function options(line, text,    option, kind) {
            while (match(line, /(^|[^-a-zA-Z])--?[a-z][-a-z]*/)) {
                option = substr(line, RSTART, RLENGTH)
                sub(/^[^-]*/, "", option)
                line = substr(line, RSTART + RLENGTH)
                kind = match(line, /^ [A-Za-z\047][^] ]*/) ? substr(line, 2, RLENGTH - 1) : ""
                add(option, kind, text)
            }
        }
        /^$/ { body = 1 }
        !body { options($0, "") }
        !body && /wosync [a-z]+ [a-z]/ {
            sub(/^.*wosync [a-z]+ /, "")
            parts = split($0, part, / \| /)
            for (i = 1; i <= parts; i++)
                if (match(part[i], /^[a-z]+( |$)/)) { sub(/ .*/, "", part[i]); print "argument\t" part[i] "\t\t" }
        }
        body && /^  -/ {
            text = substr($0, 3)
            head = match(text, /   *[^ ]/) ? substr(text, 1, RSTART - 1) : text
            options(head, head == text ? "" : substr(text, RSTART + RLENGTH - 1))
        }
        body && /^  [a-z]+ / { name = $1; sub(/^  [a-z]+ +/, ""); print "command\t" name "\t\t" $0 }
        END {
            add("--help", "", "what this command does, and its options")
            for (i = 1; i <= count; i++) print "option\t" order[i] "\t" kinds[order[i]] "\t" texts[order[i]]
        }'
}

_wosync() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' argument='' help kind word i skip=''
    program=${program/#\~\//$HOME/}
    help=$(_wosync_help "$program")
    # the command, and its first argument, among the words before this one
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ -n $skip ]]; then
            skip=''
        elif [[ $word == -* ]]; then
            [[ -n $(awk -F '\t' -v option="$word" '$1 == "option" && $2 == option { print $3 }' <<<"$help") ]] && skip=yes
        elif [[ -z $command ]]; then
            command=$word
            help=$(_wosync_help "$program" "$command")
        elif [[ -z $argument ]]; then
            argument=$word
        fi
    done
    COMPREPLY=()
    if [[ -n $skip ]]; then
        kind=$(awk -F '\t' -v option="$before" '$1 == "option" && $2 == option { print $3 }' <<<"$help")
        case $kind in
        *'|'*) mapfile -t COMPREPLY < <(compgen -W "${kind//|/ }" -- "$current") ;;
        FILE)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            ;;
        esac
        return
    fi
    if [[ $current == -* ]]; then
        kind=option
    elif [[ -z $command ]]; then
        kind=command
    elif [[ -z $argument ]]; then
        kind=argument
    else
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$(awk -F '\t' -v kind="$kind" '$1 == kind { print $2 }' <<<"$help")" -- "$current")
}

complete -F _wosync wosync
