# The engines we are measured beside: started here with roots of their own, in namespaces of their own, ended by process id.
# shellcheck shell=bash disable=SC2154 # globals of `run`

peer_group=bulkhead-bench # the cgroup all peers' containers are under
keeper=		      # process that keeps the peers' mount namespace
daemons=()		  # pid files

# have_peer PROGRAM PACKAGE: names it as a problem when it is not installed.
have_peer() {
	command -v "$1" >/dev/null && return
	problem "$1 is not installed (package $2)"
	return 1
}

peer_versions() {
	# shellcheck disable=SC2016 # dpkg's variables
	dpkg-query -W -f '${Package} ${source:Upstream-Version}, ' crun runc bubblewrap podman docker.io 2>/dev/null | sed 's/, $//'
}

is_hybrid() {
	grep -q ' - cgroup ' /proc/self/mountinfo
}

# What the engines write outside the directories they are told to use: covered by a tmpfs in their mount namespaces.
own_directories='for at in /run /var/lib /opt /dev/shm; do mount -t tmpfs -o mode=755 tmpfs "$at"; done'

# The mount namespace of crun, runc and podman. Beside v1 controllers crun 1.8 refuses a mounted v2 hierarchy: there it
# is unmounted, for them alone.
keep_peer_namespace() {
	[[ $keeper ]] && return
	local unified=''
	is_hybrid && unified=$(awk '/ - cgroup2 /{ print $5 }' /proc/self/mountinfo)
	# shellcheck disable=SC2016,SC2086 # expanded by that shell; mount points are words
	unshare --mount --propagation private sh -c \
		"$own_directories"'; for at; do umount "$at"; done; : >"$0"; exec sleep infinity' "$work/keeper.ready" $unified &
	keeper=$!
	await "the peers' mount namespace" test -e "$work/keeper.ready"
	peer_ns=/proc/$keeper/ns/mnt
}

# await WHAT COMMAND...: at most half a minute.
await() {
	local what=$1 i
	shift
	for ((i = 0; i < 300; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	problem "$what did not come up"
	return 1
}

in_peer_ns() {
	nsenter --mount="$peer_ns" -- "$@" </dev/null
}

# make_bundle NAME ARG...: an OCI bundle with Docker's configuration.
make_bundle() {
	local name=$1
	shift
	mkdir -p "$work/bundle/$name"
	"$here/docker_bundle.py" "$profile" "$work/rootfs" "/$peer_group/$name" "$@" >"$work/bundle/$name/config.json"
}

# add_runtime RUNTIME: its `run` of true.
add_runtime() {
	have_peer "$1" "$1" || return 0
	keep_peer_namespace
	make_bundle "$1" true
	add "$1" wall "$peer_ns" "$1" --root "$work/$1" run --bundle "$work/bundle/$1" "bench-$1"
}

# add_runtime_exec RUNTIME: its `exec` of true in a container that sleeps; end_runtime_exec ends that.
add_runtime_exec() {
	have_peer "$1" "$1" || return 0
	keep_peer_namespace
	make_bundle "$1-exec" sleep 100000
	if ! in_peer_ns "$1" --root "$work/$1" run --detach --bundle "$work/bundle/$1-exec" "bench-$1-exec" \
		>"$work/$1.log" 2>&1; then
		problem "$1: $(tail -1 "$work/$1.log")"
		return
	fi
	add "$1" wall "$peer_ns" "$1" --root "$work/$1" exec "bench-$1-exec" true
}

end_runtime_exec() {
	[[ -d $work/$1 ]] || return 0
	in_peer_ns "$1" --root "$work/$1" delete --force "bench-$1-exec" >/dev/null 2>&1 || true
}

add_bwrap() {
	have_peer bwrap bubblewrap || return 0
	add bwrap wall - bwrap --unshare-all --bind "$work/rootfs" / --proc /proc --dev /dev true
}

# start_podman: podman_command becomes its command line, with the image loaded.
start_podman() {
	[[ ${podman_command+set} ]] && return
	have_peer podman podman || return
	keep_peer_namespace
	podman_command=(podman --root "$work/podman" --runroot "$work/podman-run" --tmpdir "$work/podman-tmp"
		--cgroup-manager cgroupfs --events-backend file)
	# The hard limits podman would raise are out of reach without CAP_SYS_RESOURCE; these are not.
	podman_options=(--network none --cgroup-parent "/$peer_group" --ulimit nofile=1024:1024 --ulimit nproc=1024:1024)
	in_peer_ns "${podman_command[@]}" load --input "$work/small.tar" >"$work/podman.log" 2>&1 && return
	problem "podman load: $(tail -1 "$work/podman.log")"
	return 1
}

add_podman() {
	start_podman || return 0
	add podman wall "$peer_ns" "${podman_command[@]}" run --rm "${podman_options[@]}" bench true
}

add_podman_exec() {
	start_podman || return 0
	if ! in_peer_ns "${podman_command[@]}" run --detach --name bench-exec "${podman_options[@]}" bench sleep 100000 \
		>"$work/podman.log" 2>&1; then
		problem "podman run --detach: $(tail -1 "$work/podman.log")"
		return
	fi
	add podman wall "$peer_ns" "${podman_command[@]}" exec bench-exec true
}

end_podman_exec() {
	[[ ${podman_command+set} ]] || return 0
	in_peer_ns "${podman_command[@]}" rm --force --time 0 bench-exec >/dev/null 2>&1 || true
}

# docker_client N ARG...: the client of Debian's package, the same version as the daemon, towards daemon N.
docker_client() {
	local socket=$work/docker$1/socket
	shift
	DOCKER_CONFIG=$work /usr/bin/docker --host "unix://$socket" "$@"
}

# start_docker N: a daemon with its own data, network and mounts.
start_docker() {
	local dir=$work/docker$1
	[[ -d $dir ]] && return
	have_peer dockerd docker.io || return
	mkdir -p "$dir"
	printf '{ "deprecated-key-path": "%s/key.json" }\n' "$dir" >"$dir/daemon.json"
	daemons+=("$dir/pid")
	# shellcheck disable=SC2016 # expanded by that shell
	TMPDIR=$dir unshare --mount --net --propagation private -- sh -c "$own_directories"'; exec "$@"' dockerd \
		dockerd --config-file "$dir/daemon.json" --data-root "$dir/data" --exec-root "$dir/exec" \
		--pidfile "$dir/pid" --host "unix://$dir/socket" --bridge none --iptables=false --ip-forward=false \
		--ip-masq=false --userland-proxy=false --exec-opt native.cgroupdriver=cgroupfs \
		--cgroup-parent "/$peer_group" >"$dir/log" 2>&1 </dev/null &
	await dockerd docker_client "$1" version && return
	problem "dockerd: $(tail -1 "$dir/log")"
	return 1
}

start_docker_with_image() {
	start_docker 0 || return
	docker_client 0 image inspect bench >/dev/null 2>&1 && return
	docker_client 0 load --input "$work/small.tar" >"$work/docker.log" 2>&1 && return
	problem "docker load: $(tail -1 "$work/docker.log")"
	return 1
}

docker_words() {
	docker_command=(/usr/bin/docker --config "$work" --host "unix://$work/docker$1/socket")
}

add_docker() {
	start_docker_with_image || return 0
	docker_words 0
	add docker wall - "${docker_command[@]}" run --rm --network none bench true
}

add_docker_exec() {
	start_docker_with_image || return 0
	docker_words 0
	if ! "${docker_command[@]}" run --detach --name bench-exec --network none bench sleep 100000 >"$work/docker.log" 2>&1; then
		problem "docker run --detach: $(tail -1 "$work/docker.log")"
		return
	fi
	add docker wall - "${docker_command[@]}" exec bench-exec true
}

end_docker_exec() {
	[[ -d $work/docker0 ]] && docker_client 0 rm --force bench-exec >/dev/null 2>&1
	return 0
}

# end_process PID: asks, waits, insists.
end_process() {
	kill "$1" 2>/dev/null || return 0
	local i
	for ((i = 0; i < 100; i++)); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -KILL "$1"
}

end_peers() {
	local file
	end_runtime_exec crun
	end_runtime_exec runc
	end_podman_exec
	end_docker_exec
	for file in "${daemons[@]}"; do
		[[ -s $file ]] && end_process "$(<"$file")"
	done
	[[ $keeper ]] && end_process "$keeper"
	wait
}

# The cgroups made for the bench; empty by now. v2 and every v1 hierarchy have theirs below their mount point.
remove_cgroups() {
	local mount group
	while read -r mount; do
		for group in "$mount/$peer_group" "$mount/$peer_group-floor"; do
			[[ -d $group ]] && find "$group" -depth -type d -exec rmdir {} +
		done
	done < <(awk '/ - cgroup2? /{ print $5 }' /proc/self/mountinfo)
}

# What a floor that died has left on tmpfs; its directories end in its process id.
remove_floor_files() {
	local directory
	for directory in /dev/shm/bulkhead-floor.*; do
		[[ -d $directory && ! -d /proc/${directory##*.} ]] && rm -rf "$directory"
	done
}
