# kinds: v1
# CVE-2022-0492: who can mount a hierarchy of version 1 whose root it sees names a program in release_agent, which the
# kernel then runs as root of the host when a group empties. In perf_event no container has a group, so that a fresh
# mount of it shows the root of the hierarchy, whatever the cgroup namespace.
load ../lib/helpers
load lib/guest

unconfined=(--security-opt seccomp=unconfined --security-opt landlock=unconfined
	--security-opt no-new-privileges=false --security-opt systempaths=unconfined)
agent=/sys/fs/cgroup/perf_event/release_agent

attack() {
	run bulkhead run --rm "$@" busybox \
		sh -c 'mkdir /tmp/cg && mount -t cgroup -o perf_event none /tmp/cg && echo /tmp/attack >/tmp/cg/release_agent'
}

refused() {
	assert_failure
	assert_output --regexp "$1"
	[ -z "$(cat $agent)" ]
}

@test "release_agent" {
	[ -z "$(cat $agent)" ]
	attack
	refused 'permission denied|Operation not permitted'
	# the missing capability alone is a wall
	attack "${unconfined[@]}" --userns=host --cap-add ALL --cap-drop SYS_ADMIN
	refused 'permission denied|Operation not permitted'
	# so is the user namespace
	attack "${unconfined[@]}" --cap-add ALL
	refused 'denied|not permitted'
	# and the filter
	attack "${unconfined[@]}" --userns=host --cap-add ALL --security-opt seccomp=/bulkhead/compiled/profile.json
	refused 'denied|not permitted'
	attack "${unconfined[@]}" --userns=host --cap-add ALL
	assert_success
	[ "$(cat $agent)" = /tmp/attack ]
	echo >$agent
}
