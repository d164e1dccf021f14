# Turns a text file into a C string: `awk -v name=report_html -f src/embed.awk FILE` prints `const char report_html[] = ...`.

BEGIN { print "/* Made by src/embed.awk; do not edit. */\nextern const char " name "[];\nconst char " name "[] =" }
{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    print "    \"" $0 "\\n\""
}
END { print "    ;" }
