# Completion of wosync for fish. It asks wosync itself: what --help shows is what is offered.

# __wosync_help PROGRAM [COMMAND]: a line for each command, option and argument: what it is, its name, its value, its description
function __wosync_help
    $argv --help 2>/dev/null | awk '
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
end

function __wosync_value --description 'the value of an option, by the help that follows'
    for line in $argv[2..]
        set -l fields (string split \t -- $line)
        test "$fields[1]" = option; and test "x$fields[2]" = "x$argv[1]"; and echo $fields[3]
    end
end

function __wosync_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l help (__wosync_help $program)
    set -l command
    set -l argument
    set -l skip
    # the command, and its first argument, among the words before this one
    for word in $words[2..]
        if test -n "$skip"
            set skip
        else if string match -q -- '-*' $word
            set skip (__wosync_value $word $help)
        else if test -z "$command"
            set command $word
            set help (__wosync_help $program $command)
        else if test -z "$argument"
            set argument $word
        end
    end
    set -l kind
    if test -n "$skip"
        if string match -q -- '*|*' $skip
            string split '|' -- $skip
        else if test "$skip" = FILE
            __fish_complete_path $current
        end
        return
    else if string match -q -- '-*' $current
        set kind option
    else if test -z "$command"
        set kind command
    else if test -z "$argument"
        set kind argument
    else
        return
    end
    for line in $help
        set -l fields (string split \t -- $line)
        test "$fields[1]" = $kind; and printf '%s\t%s\n' $fields[2] $fields[4]
    end
end

complete -c wosync -f -a '(__wosync_complete)'
