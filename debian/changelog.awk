# Writes debian/changelog: awk -v version=V -v date=D -f debian/changelog.awk debian/control. What changed stands in CHANGELOG.md.
/^Maintainer: / { sub(/^Maintainer: /, ""); maintainer = $0 }
END {
    printf "wosync (%s) unstable; urgency=medium\n\n", version
    printf "  * The changes are in /usr/share/doc/wosync/CHANGELOG.md.\n\n"
    printf " -- %s  %s\n", maintainer, date
}
