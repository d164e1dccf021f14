# Turns sql/migrations/*.sql and sql/statements/*.sql into C: `awk -v header=1` prints sql.h, without it sql.c.
# A statement begins with a line `-- name: some_name`; comment lines are left out.

FNR == 1 {
    if (FILENAME ~ /migrations/) { part = "migration"; m++; text[m] = "" } else { part = "none" }
}
part != "migration" && /^-- name: / {
    part = "statement"; n++; name[n] = $3; body[n] = ""
    if (seen[$3]++) { print "embed.awk: statement " $3 " twice" > "/dev/stderr"; failed = 1; exit 1 }
    next
}
/^ *--/ || /^ *$/ { next }
part == "migration" { text[m] = text[m] line($0) }
part == "statement" { body[n] = body[n] line($0) }
part == "none" { print "embed.awk: " FILENAME ": SQL without a name" > "/dev/stderr"; failed = 1; exit 1 }

function line(s) {
    gsub(/\\/, "\\\\", s)
    gsub(/"/, "\\\"", s)
    return "\n    \"" s "\\n\""
}

END {
    if (failed) exit 1
    print "/* Made by sql/embed.awk from sql/; do not edit. */"
    if (header) {
        print "#ifndef WOSYNC_SQL_H\n#define WOSYNC_SQL_H\n"
        print "enum sql_statement {"
        for (i = 1; i <= n; i++) print "    SQL_" toupper(name[i]) ","
        print "    SQL_STATEMENTS\n};\n"
        print "enum { SQL_VERSION = " m " };\n"
        print "extern const struct sql_text {\n    const char *name;\n    const char *sql;\n} sql_statements[SQL_STATEMENTS];\n"
        print "extern const char *const sql_migrations[SQL_VERSION];\n\n#endif"
    } else {
        print "#include \"sql.h\"\n"
        print "const struct sql_text sql_statements[SQL_STATEMENTS] = {"
        for (i = 1; i <= n; i++) print "    [SQL_" toupper(name[i]) "] = {\"" name[i] "\"," body[i] "},"
        print "};\n"
        print "const char *const sql_migrations[SQL_VERSION] = {"
        for (i = 1; i <= m; i++) print text[i] ","
        print "};"
    }
}
