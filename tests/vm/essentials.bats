# kinds: plain systemd v1
# The product's essentials on a host that most users have: Debian's kernel, cgroup v2 alone, systemd, or version 1.
# shellcheck disable=SC2016 # for the shells in containers
load ../lib/helpers
load lib/guest

# --- run --------------------------------------------------------------------------------------------------------------

@test "run: output and exit codes" {
	run --separate-stderr bulkhead run --rm busybox sh -c 'echo out; echo err >&2; exit 3'
	assert_failure 3
	assert_output out
	[ "$stderr" = err ]
	run bulkhead run --rm busybox nothing-of-that-name
	assert_failure 127
	run bulkhead run --rm busybox /etc
	assert_failure 126
	run bulkhead run --rm --init busybox sh -c 'kill -KILL $$'
	assert_failure 137
	run bulkhead run --rm no-such-image true
	assert_failure 125
}

@test "run: stdin reaches the program" {
	run bulkhead run --rm -i busybox wc -c <<<12345
	assert_success
	assert_output 6
}

@test "run: what confines a container by default is in force" {
	run bulkhead run --rm busybox sh -c 'cat /proc/self/uid_map /proc/self/status; cat /proc/self/cgroup; id -u'
	assert_success
	assert_line --regexp '^ +0 +[1-9][0-9]+ +65536$'
	assert_line --regexp $'^Seccomp:\t2$'
	assert_line --regexp $'^NoNewPrivs:\t1$'
	assert_line --regexp $'^CapBnd:\t00000000800405fb$'
	assert_line --regexp ':/$' # the cgroup namespace shows its own group as the root
	run bulkhead run --rm busybox sh -c 'for path in /sys /proc/sys /sys/fs/cgroup; do
		mkdir $path/x 2>/dev/null && echo $path; done; true'
	assert_success
	assert_output ''
	run bulkhead run --rm --cap-add MKNOD busybox mknod /tmp/null c 1 3
	assert_failure
}

@test "run: --read-only, --tmpfs, --shm-size" {
	run bulkhead run --rm --read-only --tmpfs /scratch:size=1m busybox \
		sh -c 'touch /x; echo hello >/scratch/x && cat /scratch/x && stat -c %u /scratch/x && ls -ldn /scratch'
	assert_success
	assert_line 'touch: /x: Read-only file system'
	assert_line hello
	assert_line 0
	run bulkhead run --rm --tmpfs /scratch:size=1m busybox dd if=/dev/zero of=/scratch/x bs=64k count=32
	assert_failure
	assert_output --partial 'No space left on device'
	run bulkhead run --rm --shm-size 3m busybox df -k /dev/shm
	assert_success
	assert_output --regexp ' 3072 '
}

@test "run: --init is process 1, forwards and reaps" {
	run bulkhead run --rm --init busybox sh -c 'cat /proc/1/comm; exit 7'
	assert_failure 7
	assert_output docker-init # the name that programs look for
	bulkhead run -d --name web --init busybox sh -c 'trap "echo bye; exit 9" TERM; echo up; while :; do sleep 0.1; done'
	is_up() { bulkhead logs web | grep -q up; }
	wait_for 60 is_up
	bulkhead stop -t 60 web
	[ "$(bulkhead wait web)" = 9 ]
	run bulkhead logs web
	assert_line bye
}

@test "run: -t gives a terminal" {
	run bulkhead run --rm -t busybox sh -c 'test -t 0 && test -t 1 && tty'
	assert_success
	assert_output --regexp '^/dev/(pts/0|console)'
}

@test "run: --privileged, and groups that it makes are removed with it" {
	run bulkhead run --rm --privileged busybox sh -c '
		mkdir -p /sys/fs/cgroup/sub/deep 2>/dev/null || mkdir -p /sys/fs/cgroup/memory/sub/deep
		grep CapEff /proc/self/status; test -e /dev/vda && echo disk'
	assert_success
	assert_line --regexp $'^CapEff:\t000001ffffffffff$'
	assert_line disk
}

# --- exec, stop, kill, rm, logs ---------------------------------------------------------------------------------------

@test "exec: in the container's namespaces and groups" {
	bulkhead run -d --name web -e A=1 busybox sleep 600
	run --separate-stderr bulkhead exec -e B=2 -w /tmp web sh -c 'echo $A $B $PWD; echo err >&2; exit 4'
	assert_failure 4
	assert_output '1 2 /tmp'
	[ "$stderr" = err ]
	run bulkhead exec -u user web id -u
	assert_output 1000
	run bulkhead exec web sh -c 'for ns in pid mnt net ipc uts user cgroup; do
		[ "$(readlink /proc/1/ns/$ns)" = "$(readlink /proc/self/ns/$ns)" ] || echo $ns; done
		grep -c . /proc/self/cgroup >/dev/null; cmp /proc/1/cgroup /proc/self/cgroup && echo same'
	assert_success
	assert_output same
	run bulkhead exec web nothing-of-that-name
	assert_failure 127
	run bulkhead exec -t web tty
	assert_success
}

@test "stop, start, kill, rm, wait, ps" {
	bulkhead run -d --name web busybox sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'
	bulkhead exec web true
	bulkhead stop -t 60 web
	[ "$(bulkhead wait web)" = 5 ]
	run bulkhead ps -a --format '{{ .Names }} {{ .Status }}'
	assert_output --regexp '^web Exited \(5\)'
	bulkhead start web
	container_is web running
	run bulkhead rm web
	assert_failure
	bulkhead kill web
	[ "$(bulkhead wait web)" = 137 ]
	bulkhead rm web
	run bulkhead ps -aq
	assert_output ''
}

@test "stop: who does not listen is killed" {
	bulkhead run -d --name deaf busybox sh -c 'trap "" TERM; while :; do sleep 1; done'
	bulkhead stop -t 1 deaf
	[ "$(bulkhead inspect --format '{{ .State.ExitCode }} {{ .State.OOMKilled }}' deaf)" = '137 false' ]
}

@test "rm -f ends every process of the container" {
	bulkhead run -d --name many busybox sh -c 'for i in 1 2 3 4 5; do (trap "" TERM; setsid sleep 600) & done; wait'
	wait_for 60 bulkhead exec many sh -c '[ $(ps -o comm | grep -c sleep) = 5 ]'
	bulkhead rm -f many
}

@test "logs: what a container has written, after its end too" {
	bulkhead run -d --name web busybox sh -c 'for i in $(seq 200); do echo line $i; done; echo err >&2'
	[ "$(bulkhead wait web)" = 0 ]
	run --separate-stderr bulkhead logs web
	assert_success
	[ "${#lines[@]}" = 200 ]
	[ "$stderr" = err ]
	run bulkhead logs --tail 1 web
	assert_output err
}

# --- limits -----------------------------------------------------------------------------------------------------------

@test "limits are those of the container's group" {
	bulkhead run -d --name web -m 64m --memory-swap 64m --memory-reservation 32m --pids-limit 33 --cpus 0.5 -c 512 \
		--cpuset-cpus 1 busybox sleep 600
	[ "$(limit_of web memory memory.max memory.limit_in_bytes)" = $((64 << 20)) ]
	[ "$(limit_of web memory memory.low memory.soft_limit_in_bytes)" = $((32 << 20)) ]
	[ "$(limit_of web pids pids.max pids.max)" = 33 ]
	if is_v1; then
		[ "$(limit_of web cpu '' cpu.cfs_quota_us)" = 50000 ]
		[ "$(limit_of web cpu '' cpu.shares)" = 512 ]
		[ "$(limit_of web memory '' memory.memsw.limit_in_bytes)" = $((64 << 20)) ]
	else
		[ "$(limit_of web cpu cpu.max)" = '50000 100000' ]
		[ "$(limit_of web cpu cpu.weight)" = 59 ]
		[ "$(limit_of web memory memory.swap.max)" = 0 ]
	fi
	[ "$(limit_of web cpuset cpuset.cpus cpuset.cpus)" = 1 ]
	run bulkhead exec web grep Cpus_allowed_list /proc/self/status
	assert_output --regexp '1$'
	run grep Cpus_allowed_list "/proc/$(container_pid web)/status"
	assert_output --regexp '1$'
}

@test "limits by default: processes, and memory that leaves the host a reserve" {
	local total
	bulkhead run -d --name web busybox sleep 600
	total=$(($(awk '/MemTotal/ { print $2 }' /proc/meminfo) * 1024))
	(($(limit_of web pids pids.max pids.max) <= 4096))
	(($(limit_of web memory memory.max memory.limit_in_bytes) < total))
	if is_v1; then
		parent=$(group_of web memory)/../memory.limit_in_bytes
	else
		parent=$(group_of web memory)/../memory.max
	fi
	(($(cat "$parent") < total))
}

@test "a memory bomb is killed, and inspect says why" {
	run bulkhead run --name bomb -m 24m --memory-swap 24m busybox dd if=/dev/zero of=/dev/null bs=200M count=1
	assert_failure 137
	[ "$(bulkhead inspect --format '{{ .State.OOMKilled }} {{ .State.ExitCode }}' bomb)" = 'true 137' ]
	# not only its first process
	run bulkhead run --rm -m 24m --memory-swap 24m busybox sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; echo $?'
	assert_output --regexp '137'
}

@test "a fork bomb stops at the limit" {
	bulkhead run -d --name bomb --pids-limit 20 busybox \
		sh -c 'bomb() { bomb | bomb & }; (bomb) & exec sleep 600' >/dev/null
	group=$(group_of bomb pids)
	reached() { # version 1 and 2 count refusals in the same file
		(($(awk '$1 == "max" { print $2 }' "$group/pids.events") > 0))
	}
	wait_for 120 reached
	(($(cat "$group/pids.current") <= 20))
	bulkhead rm -f bomb
}

@test "a busy container is held at its share of processors" {
	bulkhead run -d --name busy --cpus 0.2 busybox sh -c 'while :; do :; done' >/dev/null
	group=$(group_of busy cpu)
	throttled() {
		(($(awk '$1 == "nr_throttled" { print $2 }' "$group/cpu.stat") > 2))
	}
	wait_for 120 throttled
}

# --- volumes, bind mounts, devices ------------------------------------------------------------------------------------

@test "volumes: kept, shared by containers with different ids, anonymous ones removed" {
	bulkhead run --rm -v data:/data busybox sh -c 'echo one >/data/one; chown 1000 /data/one'
	bulkhead run -d --name holder -v data:/data -v /cache busybox sleep 600
	run bulkhead run --rm -v data:/data busybox sh -c 'stat -c %u /data/one; echo two >/data/two; cat /data/one'
	assert_success
	assert_line 1000
	assert_line one
	run bulkhead exec holder sh -c 'stat -c %u /data/two; cat /data/two'
	assert_line 0
	assert_line two
	bulkhead rm -f -v holder
}

@test "bind mounts: what container root writes belongs to the user who owns the directory" {
	local dir=/home/alice/work
	runuser -u alice -- mkdir "$dir"
	runuser -u alice -- sh -c "echo alices >$dir/file"
	run bulkhead run --rm -v "$dir:/src" busybox sh -c 'cat /src/file; stat -c %u:%g /src/file; touch /src/new; mkdir /src/dir'
	assert_success
	assert_line alices
	assert_line 0:0
	[ "$(stat -c %U:%G "$dir/new" "$dir/dir" | sort -u)" = alice:alice ]
	run bulkhead run --rm -v "$dir:/src:ro" busybox touch /src/x
	assert_failure
	assert_output --partial 'Read-only file system'
	# a second container with other ids beside it
	bulkhead run -d --name holder -v "$dir:/src" busybox sleep 600
	bulkhead run --rm -v "$dir:/src" busybox sh -c 'echo more >>/src/new'
	run bulkhead exec holder cat /src/new
	assert_output more
	bulkhead rm -f holder
	rm -r "$dir"
}

@test "bind mounts: of root's directory and of a tmpfs of the host" {
	mkdir "$engine/mine"
	bulkhead run --rm -v "$engine/mine:/src" busybox touch /src/new
	[ "$(stat -c %u "$engine/mine/new")" = 0 ]
	# tmpfs has idmapped mounts since Linux 6.3: without, its files are shown as nobody's, and a notice says so
	mkdir /run/essentials
	echo "on a tmpfs" >/run/essentials/file
	chmod 755 /run/essentials
	run --separate-stderr bulkhead run --rm -v /run/essentials:/src:ro busybox cat /src/file
	rm -r /run/essentials
	assert_success
	assert_output "on a tmpfs"
}

# Every wall down but the rules for devices.
only_devices=(--userns=host --cap-add MKNOD --security-opt landlock=unconfined --security-opt seccomp=unconfined
	--security-opt no-new-privileges=false)

read_disk='mknod /dev/disk b 254 0 && dd if=/dev/disk of=/dev/null bs=512 count=1 2>&1'

@test "devices: a node that was not given cannot be opened, wherever it comes from" {
	[ "$(stat -c %t:%T /dev/vda)" = fe:0 ]
	run bulkhead run --rm busybox sh -c "$read_disk"
	assert_failure
	# a node of its own making
	run bulkhead run --rm "${only_devices[@]}" busybox sh -c "$read_disk"
	assert_failure
	assert_output --partial 'Operation not permitted'
	run bulkhead run --rm "${only_devices[@]}" --device /dev/vda:/dev/given busybox sh -c "$read_disk"
	assert_success
}

@test "devices: one that was given can be used, and only as it was given" {
	run bulkhead run --rm --device /dev/vda:/dev/disk:r busybox dd if=/dev/disk of=/dev/null bs=512 count=1
	assert_success
	run bulkhead run --rm --device /dev/vda:/dev/disk:r busybox dd if=/dev/null of=/dev/disk conv=notrunc
	assert_failure
	assert_output --partial 'Operation not permitted'
	run bulkhead run --rm --privileged busybox sh -c "$read_disk"
	assert_success
}
