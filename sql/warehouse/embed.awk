# Turns sql/warehouse/BACKEND/NNN_*.sql (migrations) and sql/warehouse/BACKEND/statements.sql into C:
# `awk -v name=NAME -v header=1` prints NAME.h, without `header` NAME.c.
# A statement begins with a line `-- name: some_name`; comment lines are left out.

FNR == 1 {
    n_parts = split(FILENAME, part, "/")
    backend = part[n_parts - 1]
    migration = part[n_parts] ~ /^[0-9]/
    current = ""
    if (!(backend in versions)) { versions[backend] = 0; backends[++n_backends] = backend }
    if (migration) { current = backend " " ++versions[backend]; body[current] = "" }
}
!migration && /^-- name: / {
    current = "warehouse_" backend "_" $3
    if (current in body) { print "embed.awk: statement " current " twice" > "/dev/stderr"; failed = 1; exit 1 }
    names[++n] = current; body[current] = ""
    next
}
/^ *--/ || /^ *$/ { next }
current == "" { print "embed.awk: " FILENAME ": SQL without a name" > "/dev/stderr"; failed = 1; exit 1 }
{ body[current] = body[current] line($0) }

function line(s) {
    gsub(/\\/, "\\\\", s)
    gsub(/"/, "\\\"", s)
    return "\n    \"" s "\\n\""
}

END {
    if (failed) exit 1
    print "/* Made by sql/warehouse/embed.awk from sql/warehouse/; do not edit. */"
    if (header) {
        guard = "WOSYNC_" toupper(name) "_H"
        print "#ifndef " guard "\n#define " guard "\n"
        for (b = 1; b <= n_backends; b++) {
            print "enum { WAREHOUSE_" toupper(backends[b]) "_VERSION = " versions[backends[b]] " };"
            print "extern const char *const warehouse_" backends[b] "_migrations[" versions[backends[b]] "];\n"
        }
        for (i = 1; i <= n; i++) print "extern const char " names[i] "[];"
        print "\n#endif"
    } else {
        print "#include \"" name ".h\"\n"
        for (b = 1; b <= n_backends; b++) {
            print "const char *const warehouse_" backends[b] "_migrations[] = {"
            for (v = 1; v <= versions[backends[b]]; v++) print body[backends[b] " " v] ","
            print "};\n"
        }
        for (i = 1; i <= n; i++) print "const char " names[i] "[] =" body[names[i]] ";\n"
    }
}
