# Trees of other releases of Debian, for tests/debian and tests/deb, which read this file. $me is who speaks.
# shellcheck shell=sh

fail() {
    echo "$me: $*" >&2
    exit 1
}
say() { echo "$me: $*"; }

# release_name RELEASE: the name of a number
release_name() {
    case $1 in
    12) echo bookworm ;;
    13) echo trixie ;;
    14) echo forky ;;
    *) echo "$1" ;;
    esac
}

# What making a tree needs. check_tools TARGET RELEASE
check_tools() {
    [ "$(id -u)" = 0 ] || fail "debootstrap and chroot need root: sudo make $1"
    for program in debootstrap unshare setarch; do
        command -v $program >/dev/null || fail "$program is missing: apt-get install debootstrap util-linux"
    done
    [ -e "/usr/share/debootstrap/scripts/$2" ] || fail "$2: debootstrap here does not know this release"
}

# The mirror that this machine's apt uses.
find_mirror() {
    found=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian|Debian|//p' | head -n 1)
    [ -n "$found" ] || fail "apt knows no Debian mirror: run apt-get update, or set MIRROR"
    echo "$found"
}

# make_tree TREE RELEASE ARCH MIRROR LOG INCLUDE
make_tree() {
    say "debootstrap of $2, $3, from $4 into $1"
    debootstrap --variant=minbase --arch="$3" --include="$6" "$2" "$1" "$4" >"$5" 2>&1 ||
        { tail -n 20 "$5" >&2 && fail "debootstrap failed"; }
    # names are resolved, and apt reaches the mirror, as here
    printf '127.0.0.1 localhost %s\n::1 localhost\n' "$(uname -n)" >"$1/etc/hosts"
    cat /etc/resolv.conf >"$1/etc/resolv.conf" 2>/dev/null || true
    apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries)' >"$1/etc/apt/apt.conf.d/90host" || true
}

# mount_tree TREE: in a mount namespace of our own
mount_tree() {
    mount -t proc proc "$1/proc"
    mount --rbind /sys "$1/sys"
    mount --rbind /dev "$1/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
    mount -t tmpfs -o mode=755 tmpfs "$1/run"
}

# copy_project TREE LIST: the files of the working tree, those that git knows or would add (named in the file LIST), or all
# of it but build/, to TREE/wosync.
copy_project() {
    rm -rf "$1/wosync"
    mkdir "$1/wosync"
    if git -c safe.directory='*' ls-files -co --exclude-standard >"$2" 2>/dev/null; then
        while read -r file; do [ ! -e "$file" ] || printf '%s\n' "$file"; done <"$2" | tar -c -T - | tar -x --no-same-owner -C "$1/wosync"
    else
        tar -c --exclude=./build . | tar -x --no-same-owner -C "$1/wosync"
    fi
}

# in_tree TREE ARCH COMMAND...: with nothing of our environment
in_tree() {
    # 32 bit programs see the machine as one of 32 bit
    case $2 in i386 | armhf | armel) personality=linux32 ;; *) personality=linux64 ;; esac
    root=$1
    shift 2
    setarch "$personality" chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

# in_namespace COMMAND...: runs it in a namespace of mounts and processes, all of which end with this script. Sets $child.
in_namespace() {
    unshare --mount --pid --fork --kill-child --propagation private "$@" &
    child=$!
    code=0
    wait $child || code=$?
    child=
    return $code
}

# Ends what in_namespace runs: all processes of a namespace end with its first; unshare returns when they have.
end_namespace() {
    [ -n "$child" ] || return 0
    first=$(grep -l "^PPid:[[:space:]]*$child\$" /proc/[0-9]*/status 2>/dev/null | cut -d / -f 3)
    kill -KILL "${first:-$child}" 2>/dev/null || true
    wait "$child" || true
}
