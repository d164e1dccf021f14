# For sync and timer, which read this file: a mock MaintainX with 300 work orders, and a configuration for it. The mock is that
# of the environment variable MOCK, or built from the source around us.
# shellcheck shell=sh

tmp=${AUTOPKGTEST_TMP:-$(mktemp -d)}
if [ -z "${MOCK:-}" ]; then
    make --no-print-directory BUILD="$tmp/build" mock >&2
    MOCK=$tmp/build/mock-maintainx
fi
mkfifo "$tmp/url"
"$MOCK" --work-orders 300 --token secret-token >"$tmp/url" &
mock=$!
trap 'kill $mock; wait $mock 2>/dev/null || true; rm -f "$tmp/url"' EXIT
read -r url <"$tmp/url"

fail() {
    echo "$0: $*" >&2
    exit 1
}
# change JSON: what happens in the plant
change() { curl -sS --fail -o /dev/null -X POST "${url%/v1}/mock/workorders" -d "$1"; }
as_wosync() { runuser -u wosync -- "$@"; }

rm -rf /var/lib/wosync/* /etc/wosync.conf /etc/wosync/*
echo secret-token | wosync init --base-url "$url" --handler log --handler report --handler warehouse \
    --handler "exec=/bin/sh -c 'cat >/var/lib/wosync/program.json'" >"$tmp/init"
cat "$tmp/init"
