# Prints C headers without comments and without blanks that mean nothing, for the build to make a number of them: what is left
# changes with every type, name and order of the interface between the program and its modules (src/handlers/module.h).

{
    line = $0
    while (line != "") {
        if (comment) {
            end = index(line, "*/")
            if (end == 0) break
            line = substr(line, end + 2)
            comment = 0
        } else {
            start = index(line, "/*")
            text = text (start ? substr(line, 1, start - 1) : line) " "
            if (start == 0) break
            line = substr(line, start + 2)
            comment = 1
        }
    }
    # a directive is a line of its own
    if (text ~ /^ *#/) { gsub(/[ \t]+/, " ", text); print text; text = "" }
}

END {
    gsub(/[ \t]+/, " ", text)
    print text
}
