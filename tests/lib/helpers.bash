# shellcheck shell=bash
# What every .bats file of integration/ and attack/ loads:
#
#     load ../lib/helpers
#
# Each test then has an engine of its own, $engine/root and $engine/state, which `bulkhead` uses; teardown removes its
# containers and fails the test if anything of it is left on the host. A file that needs its own setup or teardown calls
# engine_setup and engine_teardown in them. Assertions (assert_success, assert_output …) are bats-assert's, and
# `run`, as everywhere, is bats' own.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

tests_lib=$(dirname "${BASH_SOURCE[0]}")
BULKHEAD_BUILD=${BULKHEAD_BUILD:-$tests_lib/../../build/release}
# shellcheck source=tests/lib/host.bash
source "$tests_lib/host.bash"
# shellcheck source=tests/lib/busybox.bash
source "$tests_lib/busybox.bash"

# The program under test, with this test's engine. Descriptor 3 is bats' own: a container must not keep a test waiting.
bulkhead() {
	"$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" "$@" 3>&-
}

# --- engines ----------------------------------------------------------------------------------------------------------

engine_setup() {
	# Short, because a path below it is a socket's name (unix(7): 108 bytes); for everybody, because some tests are others.
	engine=$(mktemp -d /tmp/bh.XXXXXX)
	chmod 755 "$engine"
	mkdir -m 700 "$engine/root" "$engine/state"
	host_before=$(host_fingerprint)
}

# Removes what the test left in its engine, then asserts that the host is as before.
engine_teardown() {
	local ids
	[[ -n ${engine:-} && -d $engine ]] || return 0
	mapfile -t ids < <(bulkhead ps -aq 2>/dev/null)
	((${#ids[@]} == 0)) || bulkhead rm -f -v "${ids[@]}" >/dev/null
	assert_host_clean
	rm -rf --one-file-system "${engine:?}"
}

setup() { engine_setup; }
teardown() { engine_teardown; }

# --- images -----------------------------------------------------------------------------------------------------------

# Imports the busybox image as $1 (busybox) into this test's engine; its tar is made once per file. Further arguments are
# for `bulkhead import`, such as -c 'USER user'.
busybox_image() {
	local name=${1:-busybox} tar=$BATS_FILE_TMPDIR/busybox.tar tree
	shift || true
	if [[ ! -f $tar ]]; then
		tree=$(mktemp -d "$BATS_FILE_TMPDIR/tree.XXXXXX")
		make_busybox_tree "$tree"
		tar -C "$tree" --numeric-owner -cf "$tar.new.$$" .
		mv "$tar.new.$$" "$tar"
		rm -rf "$tree"
	fi
	bulkhead import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin:/usr/bin' "$@" "$tar" "$name" >/dev/null
}

# --- programs to put into containers ----------------------------------------------------------------------------------

# Compiles the C file $1 statically, once per file, and prints the path of the program. Further arguments are the
# compiler's. It goes into a container by -v PROGRAM:/attack:ro.
compile() {
	local source=$1 program
	program=$BATS_FILE_TMPDIR/$(basename "$1" .c)
	shift
	[[ -x $program ]] || gcc -O1 -Wall -Wextra -Werror -static "$@" -o "$program" "$source" >&2
	echo "$program"
}

# --- waiting and looking ----------------------------------------------------------------------------------------------

# Runs a command until it succeeds, for at most $1 seconds. Prints what it said last when it never did.
wait_for() {
	local end=$((SECONDS + $1)) said
	shift
	until said=$("$@" 2>&1); do
		if ((SECONDS >= end)); then
			printf 'never came true: %s\n%s\n' "$*" "$said" >&2
			return 1
		fi
		sleep 0.05
	done
}

# The host's pid of a container's first process.
container_pid() {
	bulkhead inspect --format '{{ .State.Pid }}' "$1"
}

# Whether a container is in the state $2 (created, running, exited …).
container_is() {
	[[ $(bulkhead inspect --format '{{ .State.Status }}' "$1") == "$2" ]]
}

# The program under test as another user, by number: bulkhead_as 65534 ps
bulkhead_as() {
	local user=$1
	shift
	setpriv --reuid="$user" --regid="$user" --clear-groups "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" \
		--state "$engine/state" "$@" 3>&-
}

