# create: the record of a container, and everything that is refused before anything is made.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

@test "a created container has an id, is listed, and has not run" {
	run bulkhead create --name web busybox true
	assert_success
	assert_output --regexp '^[0-9a-f]{64}$'
	run bulkhead ps -q
	assert_output ""
	run bulkhead ps -a --format '{{ .Names }} {{ .Status }}'
	assert_output "web Created"
	run bulkhead inspect --format '{{ .State.Status }} {{ .State.StartedAt }} {{ .Path }} {{ .Args }}' web
	assert_output "created 0001-01-01T00:00:00Z true []"
}

@test "a name is made up of two words" {
	bulkhead create busybox true
	run bulkhead ps -a --format '{{ .Names }}'
	assert_output --regexp '^[a-z]+_[a-z]+[0-9]*$'
}

@test "a name is used once and follows the rule" {
	local id
	id=$(bulkhead create --name web busybox true)
	run bulkhead create --name web busybox true
	assert_failure
	assert_line --partial "\"/web\" is already in use by container \"$id\""
	run bulkhead create --name a/b busybox true
	assert_failure
	assert_output --partial 'invalid container name ("a/b")'
	run bulkhead create --name x busybox true
	assert_failure
	run bulkhead ps -aq
	assert_equal "${#lines[@]}" 1
}

@test "what is refused leaves nothing" {
	local before options
	before=$(find "$engine/root/containers" "$engine/root/volumes" 2>/dev/null | wc -l)
	while read -ra options; do
		run bulkhead create "${options[@]}" busybox true
		assert_failure
		assert_equal "${#lines[@]}" 1
	done <<-'CASES'
		-m 5m
		-m 8m --memory-swap 7m
		--cpus 9999
		--cpus 0.001
		--cpuset-cpus 4000
		--cpuset-cpus 1-0
		--oom-score-adj 5000
		--cap-add NONE_SUCH
		--cap-drop CAP_NONE_SUCH
		--security-opt nonsense
		--security-opt no-new-privileges=perhaps
		--security-opt apparmor=docker-default
		--stop-signal SIGNONE
		--sysctl kernel.core_pattern=x
		--sysctl net.ipv4.ip_forward=1 --network host
		--network bridge
		--pid hosts
		--ipc nowhere
		--userns auto
		--pid container:ghost
		--device /dev/none-such
		--log-driver syslog
		--log-opt max-size=many
		--log-opt max-files=3
		-h bad_name!
		-w relative
		-v relative/path:/x
		-v /srv:relative
		-v /srv:/x:rx
		-v /srv:/
		-v /srv:/proc/sys
		-v /srv:/x:shared
		-v fresh:/v -v /srv:/v
		--tmpfs /t:size=5x
		--tmpfs /t:nonsense
		--mount type=bind,source=/none/such,target=/x
		--mount type=nfs,target=/x
	CASES
	assert_equal "$(find "$engine/root/containers" "$engine/root/volumes" 2>/dev/null | wc -l)" "$before"
	run bulkhead ps -aq
	assert_output ""
}

@test "a duplicate mount point is named" {
	run bulkhead create -v /srv:/x --tmpfs /x busybox true
	assert_failure
	assert_output --partial "Duplicate mount point: /x"
}

@test "host paths that give the host away" {
	local path
	for path in / /etc /usr /bin /lib /boot /dev /proc /sys /run /var /root /etc/shadow /etc/ssh; do
		[[ -e $path ]] || continue
		run bulkhead create -v "$path:/host" busybox true
		assert_failure
		assert_output --partial "host path"
	done
	ln -s /etc "$BATS_TEST_TMPDIR/link"
	run bulkhead create -v "$BATS_TEST_TMPDIR/link:/host" busybox true
	assert_failure
	assert_output --partial "host path /etc"
	run bulkhead create -v "$engine/root:/host:ro" busybox true
	assert_failure
	assert_output --partial "own state"
	run bulkhead create -v /etc:/host:ro busybox true
	assert_success
	mkdir "$BATS_TEST_TMPDIR/fine"
	run bulkhead create -v "$BATS_TEST_TMPDIR/fine:/host" busybox true
	assert_success
}

@test "policy allows what it names, and forbids" {
	echo '{"mounts": {"allow": ["/etc/ssh"]}, "privileged": false, "limits": {"pids": 77}}' \
		>"$engine/root/bulkhead.json"
	mkdir -p /etc/ssh
	run bulkhead create --name allowed -v /etc/ssh:/x busybox true
	assert_success
	run bulkhead create -v /etc/pam.d:/x busybox true
	assert_failure
	run bulkhead create --privileged busybox true
	assert_failure
	assert_output --partial "privileged containers are forbidden by $engine/root/bulkhead.json"
	run bulkhead inspect --format '{{ .HostConfig.PidsLimit }}' allowed
	assert_output 77
	echo '{"limits": {"pid": 77}}' >"$engine/root/bulkhead.json"
	run bulkhead create busybox true
	assert_failure
	assert_output --partial "limits.pid: no such setting"
}

@test "a policy that others may write is refused" {
	echo '{}' >"$engine/root/bulkhead.json"
	chmod 666 "$engine/root/bulkhead.json"
	run bulkhead create busybox true
	assert_failure
	assert_output --partial "other users may write to it"
}

@test "without a command there is no container" {
	busybox_image mute -c 'CMD []'
	run bulkhead create mute
	assert_failure
	assert_output --partial "no command specified"
}

@test "a missing image" {
	run bulkhead create --pull=never absent true
	assert_failure
	assert_output --regexp '[Nn]o such image'
}
