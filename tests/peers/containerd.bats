# containerd with bulkhead-oci beneath its shim, by ctr.
load ../lib/helpers
load peers

setup() { peers_setup; }
teardown() { peers_teardown; }

# The functions of every script below: ctr, and create ID ARG..., a container of the tree.
containerd_in_namespaces() {
	cat >"$engine/commands"
	{
		cat <<-'END'
			mkdir -p /run/c/tree && tar -C /run/c/tree -xf "$engine/root.tar"
			cat >/run/c/config.toml <<EOF
			version = 2
			root = "/run/c/root"
			state = "/run/c/state"
			disabled_plugins = ["io.containerd.grpc.v1.cri"]
			[grpc]
			  address = "/run/c/socket"
			EOF
			containerd -c /run/c/config.toml >/run/c/log 2>&1 &
			daemon=$!
			ctr() { timeout 30 ctr -a /run/c/socket "$@"; }
			create() {
				local id=$1; shift
				set -- --runtime io.containerd.runc.v2 --runc-binary "$runtime" --cgroup "/bulkhead-ctr/$id" "$@"
				ctr run "${@:1:6}" $options --rootfs /run/c/tree "$id" "${@:7}"
			}
			options=--rm
			for i in $(seq 300); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done
		END
		cat "$engine/commands"
		cat <<-'END'
			for id in $(ctr task ls -q); do ctr task rm -f "$id" >/dev/null 2>&1; done
			kill "$daemon"
			wait "$daemon"
			true
		END
	} >"$engine/script"
	in_peer_namespaces
}

@test "run: output, statuses, limits, mounts" {
	containerd_in_namespaces <<'END'
create one sh -c 'echo hello; exit 7'; echo "status $?"
create one nosuch 2>&1
create one /etc 2>&1
options="-d --memory-limit 67108864 --cpu-quota 50000"
create two sleep 1000
cat /sys/fs/cgroup/memory/bulkhead-ctr/two/memory.limit_in_bytes /sys/fs/cgroup/bulkhead-ctr/two/memory.max 2>/dev/null
ctr task rm -f two
find /sys/fs/cgroup -type d -path '*bulkhead-ctr/two' | grep . && echo "the group is there"
options="--rm --mount type=bind,src=$engine,dst=/here,options=rbind:ro --read-only --cwd /tmp"
create one sh -c 'touch /here/x; id; pwd' 2>&1
options="--rm --seccomp --privileged"
create one sh -c 'grep CapEff /proc/self/status'
END
	assert_success
	assert_line hello
	assert_line "status 7"
	assert_line --partial 'OCI runtime create failed: exec: "nosuch": executable file not found in $PATH'
	assert_line --partial '/etc": permission denied'
	assert_line 67108864
	refute_line "the group is there"
	assert_line --partial "Read-only file system"
	assert_line --partial "uid=0(root) gid=0(root)"
	assert_line /tmp
	assert_line --regexp 'CapEff:.[0-9a-f]*ff'
}

@test "detached: exec, ps, pause, kill, the end, removal" {
	containerd_in_namespaces <<'END'
options=-d
create web sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'; echo "run $?"
ctr task ls
ctr task exec --exec-id x web sh -c 'echo inside; exit 3'; echo "exec $?"
ctr task exec --exec-id y web nosuch 2>&1
ctr task ps web | tail -n +2 | wc -l
ctr task pause web && ctr task ls
ctr task resume web && ctr task ls
ctr task metrics web | grep -c memory
ctr task update --memory-limit 33554432 web 2>/dev/null; true
ctr task kill -s TERM web; sleep 0.5; ctr task ls
ctr task rm web 2>&1; ctr container rm web; ctr container ls -q | wc -l
create web sleep 1000; ctr task kill -s KILL web; sleep 0.5; ctr task rm web 2>&1
END
	assert_success
	assert_line "run 0"
	assert_line --regexp 'web +[0-9]+ +RUNNING'
	assert_line inside
	assert_line "exec 3"
	assert_line --partial 'executable file not found in $PATH'
	assert_line --regexp 'web +[0-9]+ +PAUSED'
	assert_line --regexp 'web +[0-9]+ +STOPPED'
	assert_line --partial "exit with non-zero exit code 5"
	assert_line --partial "exit with non-zero exit code 137"
}

@test "a terminal, one in exec, and ten at once" {
	containerd_in_namespaces <<'END'
options="--runtime io.containerd.runc.v2 --runc-binary $runtime --rootfs /run/c/tree"
script -qec "ctr -a /run/c/socket run --rm -t $options one sh -c 'tty; exit 4'" /dev/null; echo "status $?"
ctr run -d $options web sleep 1000
script -qec "ctr -a /run/c/socket task exec -t --exec-id x web sh -c 'tty; exit 6'" /dev/null; echo "exec $?"
for i in 1 2 3 4 5 6 7 8 9 10; do ctr run --rm $options "n$i" echo "number $i" & all="${all:-} $!"; done; wait $all
END
	assert_success
	assert_line --partial /dev/pts/0
	assert_line --partial "status 4"
	assert_line --partial "exec 6"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		assert_line "number $i"
	done
}
