# After an escape (assumed: a process in the host's namespaces with the ids of a container's root and no capability) the
# ids of containers do not overlap and their files are behind a directory of root's.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
	bulkhead run -d --name one busybox sh -c 'umask 022; echo of-one >/readable; exec sleep 1000'
	bulkhead run -d --name two busybox sleep 1000
	one=$(container_pid one)
	wait_for 5 bulkhead exec one cat /readable
	first=$(ids_of "$one")
	second=$(ids_of "$(container_pid two)")
	upper=$(find "$engine/root" -path '*/diff/readable')
}

ids_of() {
	awk 'NR == 1 { print $2 }' "/proc/$1/uid_map"
}

# A command as the root of a container, escaped: $1 is its id on the host.
escaped() {
	local id=$1
	shift
	run setpriv --reuid="$id" --regid="$id" --clear-groups "$@"
}

@test "ids do not overlap" {
	((first >= second + 65536 || second >= first + 65536))
	((first >= 0x70000000 && second >= 0x70000000))
	# so a sibling's process is a stranger's, and one's own is not
	escaped "$second" kill -0 "$one"
	assert_failure
	assert_output --partial 'Operation not permitted'
	escaped "$first" kill -0 "$one"
	assert_success
}

@test "a sibling's upper directory" {
	[[ $(cat "$upper") == of-one ]]
	escaped "$second" cat "$upper"
	assert_failure
	assert_output --partial 'Permission denied'
	# nor its own, where it could plant a setuid program for others
	escaped "$first" cat "$upper"
	assert_failure
	# without the directories of root's it would read what everybody may
	chmod o+x "$engine/root" "$engine/root/containers" "$(dirname "$(dirname "$upper")")"
	escaped "$second" cat "$upper"
	assert_success
	assert_output of-one
	# but still write nothing: on disk files are not even the container's own ids
	escaped "$first" sh -c 'echo x >"$1"' _ "$upper"
	assert_failure
	assert_output --partial 'Permission denied'
}
