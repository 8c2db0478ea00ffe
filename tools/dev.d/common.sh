# shellcheck shell=bash
# What every command of ./dev uses. $top, set by ./dev, is the source tree.

say() { printf '\e[1m==> %s\e[0m\n' "$*" | plain_unless_terminal; }

# Terminal escapes only where somebody sees them.
plain_unless_terminal() {
	if [[ -t 1 ]]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi
}

die() {
	printf 'dev: %s\n' "$*" >&2
	exit 1
}

# Runs a command as root: as it is for root, through sudo for others.
as_root() {
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo --preserve-env=BULKHEAD_BUILD,ASAN_OPTIONS,UBSAN_OPTIONS,LSAN_OPTIONS,STRICT -- "$@"
	else
		die "this needs root, and sudo is not installed: $*"
	fi
}
