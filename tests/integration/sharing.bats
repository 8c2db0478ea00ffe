# Namespaces that are another container's: --pid, --ipc and --uts container:NAME.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
	bulkhead run -d --name owner --ipc shareable -h owner busybox sh -c 'echo kept >/dev/shm/file; sleep 1000' >/dev/null
	wait_for 10 bulkhead exec owner grep kept /dev/shm/file
}

@test "processes and host name of another, under its ids" {
	run bulkhead run --rm --pid container:owner --uts container:owner busybox sh -c 'pidof sleep; hostname; cat /proc/self/uid_map'
	assert_line --index 1 owner
	assert_line --index 2 "$(bulkhead exec owner cat /proc/self/uid_map)"
	run bulkhead run --rm --pid container:owner busybox kill 1
	assert_success
}

@test "an ipc namespace comes with its owner's /dev/shm, never with the host's" {
	local mark
	mark=$(mktemp /dev/shm/host.XXXXXX)
	run bulkhead run --rm --ipc container:owner busybox sh -c 'cat /dev/shm/file; echo back >/dev/shm/answer; ls /dev/shm'
	rm "$mark"
	assert_output $'kept\nanswer\nfile'
	run bulkhead exec owner cat /dev/shm/answer
	assert_output back
}

@test "a private ipc namespace is not joined" {
	bulkhead run -d --name private busybox sleep 1000 >/dev/null
	run bulkhead run --rm --ipc container:private busybox true
	assert_failure 125
	assert_output --partial 'cannot join the ipc namespace of container private: it is private'
}

@test "what cannot be joined" {
	bulkhead run -d --name naked --userns host busybox sleep 1000 >/dev/null
	bulkhead run -d --name naked2 --userns host busybox sleep 1000 >/dev/null
	bulkhead create --name idle busybox true >/dev/null
	run bulkhead run --rm --pid container:naked busybox true
	assert_failure 125
	assert_output --partial 'has no user namespace: who joins it needs --userns=host'
	run bulkhead run --rm --userns host --pid container:naked busybox pidof sleep
	assert_output 1
	run bulkhead run --rm --userns host --pid container:naked --uts container:naked2 busybox true
	assert_failure 125
	assert_output --partial 'namespaces of two different containers cannot be joined'
	run bulkhead run --rm --pid container:idle busybox true
	assert_failure 125
	assert_output --partial 'it is not running'
	run bulkhead run --rm --pid container:nobody busybox true
	assert_output --partial 'no such container: nobody'
}

@test "a program executed in a container that joined another is where the container is" {
	local mode
	for mode in "" "--userns host" "--privileged"; do
		# shellcheck disable=SC2086
		bulkhead run -d --name guest $mode --ipc container:owner busybox sleep 1000 >/dev/null 2>&1
		run bulkhead exec guest sh -c 'for n in user ipc pid mnt; do [ $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) ] || echo $n; done; cat /proc/self/uid_map'
		assert_output "$(bulkhead exec owner cat /proc/self/uid_map)"
		bulkhead rm -f guest >/dev/null
	done
}

# The leases of the range at the first host id of container $1: a path a line.
lease_of() {
	local first
	first=$(bulkhead exec "$1" awk '{ print $2 }' /proc/self/uid_map)
	cat "/run/bulkhead/ids/$(printf '%08x' "$first")"
}

@test "a range of ids is leased as long as anybody has it" {
	local id lease
	bulkhead run -d --name guest --ipc container:owner busybox sleep 1000 >/dev/null
	run lease_of guest
	((${#lines[@]} == 2))
	id=$(bulkhead inspect -f '{{.Id}}' guest)
	lease=/run/bulkhead/ids/$(printf '%08x' "$(bulkhead exec guest awk '{ print $2 }' /proc/self/uid_map)")
	bulkhead rm -f owner >/dev/null
	run lease_of guest
	assert_output --regexp "^/.*/containers/$id\$"
	bulkhead run -d --name third --ipc container:guest busybox sleep 1000 >/dev/null
	bulkhead rm -f guest >/dev/null
	[[ -s $lease ]]
	bulkhead rm -f third >/dev/null
	[[ ! -e $lease ]]
}
