# shellcheck shell=bash
# Shared by the programs of tests/vm: messages, the cache, the tables `kinds` and `packages`.

vm_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

say() {
	printf 'vm: %s\n' "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# need PROGRAM...: a missing program is an error, with the list that names its package.
need() {
	local program
	for program; do
		command -v "$program" >/dev/null ||
			die "$program is not installed: tools/packages lists what tests/vm needs"
	done
}

vm_cache() {
	printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead/vm"
}

# rows TABLE KEY: the rest of each line of TABLE that begins with the word KEY.
rows() {
	awk -v key="$2" '$1 == key { $1 = ""; sub(/^ +/, ""); print }' "$vm_dir/$1"
}

all_kinds() {
	awk '!/^#/ && NF { print $1 }' "$vm_dir/kinds"
}
