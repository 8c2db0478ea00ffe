# shellcheck shell=bash
# What a test of the product in the guest loads, after ../lib/helpers: the installed bulkhead in place of a build
# tree's, programs that the harness has compiled (there is no compiler here), and looking into a container's groups.

bulkhead() {
	command bulkhead --root "$engine/root" --state "$engine/state" "$@" 3>&-
}

# The static program made of tests/attack/src/NAME.c.
compile() {
	echo "/bulkhead/compiled/$(basename "$1" .c)"
}

is_v1() {
	[[ $BULKHEAD_VM_KIND == *v1 ]]
}

# The directory of the control group of container $1 that controller $2 rules. Never the root: it limits nothing.
group_of() {
	local pid path
	pid=$(container_pid "$1")
	if is_v1; then
		path=$(awk -F: -v name="$2" '("," $2 ",") ~ ("," name ",") { print $2 $3 }' "/proc/$pid/cgroup")
		path=/sys/fs/cgroup/$path
	else
		path=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	fi
	[[ $path == */bulkhead*/* && -d $path ]] || {
		echo "container $1 is in $path" >&2
		return 1
	}
	echo "$path"
}

# What the kernel has as a limit of container $1: controller, file of version 2, file of version 1.
limit_of() {
	local group
	group=$(group_of "$1" "$2") || return
	if is_v1; then
		cat "$group/$4"
	else
		cat "$group/$3"
	fi
}

# The emulated machine is slow: the tests of a file share an engine and its image. Each begins without containers and
# ends with a host that is clean.
guest_setup_file() {
	engine=$(mktemp -d /tmp/bh.XXXXXX)
	export engine
	chmod 755 "$engine"
	mkdir -m 700 "$engine/root" "$engine/state"
	busybox_image
	# The kernel's modules that a container needs are no change that a test makes.
	bulkhead run --rm busybox true
}

guest_teardown_file() {
	rm -rf --one-file-system "$engine"
}

# shellcheck disable=SC2034 # host_before is for assert_host_clean
guest_setup() {
	host_before=$(host_fingerprint)
}

guest_teardown() {
	local ids
	mapfile -t ids < <(bulkhead ps -aq)
	((${#ids[@]} == 0)) || bulkhead rm -f -v "${ids[@]}" >/dev/null
	assert_host_clean
}

setup_file() { guest_setup_file; }
teardown_file() { guest_teardown_file; }
setup() { guest_setup; }
teardown() { guest_teardown; }
