# Turns text into C, two kinds of it:
#
#   -v name=X FILE       a text file: `const char X[]`
#   -v sql=X FILE...     SQL: migrations (files whose name begins with a digit) and statements (in the others, each after a line
#                        `-- name: some_name`; comment lines are left out), as X.c, or X.h with -v header=1
#     -v prefix=P        P_migrations, P_VERSION; and a constant P_some_name for each statement
#     -v table=1         in place of the constants an enum (P_SOME_NAME) and a table of texts, P_statements

FNR == 1 && sql {
    parts = split(FILENAME, part, "/")
    migration = part[parts] ~ /^[0-9]/
    if (migration) migrations[++m] = ""
}
name { lines = lines line($0) }
name || /^ *$/ { next }
/^-- name: / && !migration {
    if ($3 in text) fail("statement " $3 " twice")
    names[++n] = $3; text[$3] = ""
    next
}
/^ *--/ { next }
migration { migrations[m] = migrations[m] line($0); next }
!n { fail(FILENAME ": SQL without a name") }
{ text[names[n]] = text[names[n]] line($0) }

function line(s) {
    gsub(/\\/, "\\\\", s)
    gsub(/"/, "\\\"", s)
    return "\n    \"" s "\\n\""
}

function fail(why) {
    print "embed.awk: " why > "/dev/stderr"
    failed = 1
    exit 1
}

function print_header() {
    print "#ifndef WOSYNC_" toupper(sql) "_H\n#define WOSYNC_" toupper(sql) "_H\n"
    if (table) {
        print "enum " prefix "_statement {"
        for (i = 1; i <= n; i++) print "    " toupper(prefix "_" names[i]) ","
        print "    " toupper(prefix) "_STATEMENTS\n};\n"
        print "extern const struct " prefix "_text {\n    const char *name;\n    const char *sql;\n} " prefix "_statements[" \
            toupper(prefix) "_STATEMENTS];\n"
    }
    print "enum { " toupper(prefix) "_VERSION = " m " };\nextern const char *const " prefix "_migrations[" m "];\n"
    for (i = 1; i <= n && !table; i++) print "extern const char " prefix "_" names[i] "[];"
    print "\n#endif"
}

function print_source() {
    print "#include \"" sql ".h\"\n\nconst char *const " prefix "_migrations[] = {"
    for (i = 1; i <= m; i++) print migrations[i] ","
    print "};\n"
    if (table) print "const struct " prefix "_text " prefix "_statements[] = {"
    for (i = 1; i <= n; i++)
        print table ? "    [" toupper(prefix "_" names[i]) "] = {\"" names[i] "\"," text[names[i]] "}," \
            : "const char " prefix "_" names[i] "[] =" text[names[i]] ";\n"
    if (table) print "};"
}

END {
    if (failed) exit 1
    print "/* Made by src/embed.awk; do not edit. */"
    if (name) print "extern const char " name "[];\nconst char " name "[] =" lines ";"
    else if (header) print_header()
    else print_source()
}
