# The rows of the table: what is done, against whom, and what must hold.
# shellcheck shell=bash disable=SC2154 # globals of `run`

# One container, from the command to its removal, beside what does about as much and is about as quick.
row_run() {
	add_base
	add_product run run --rm --network none bench true
	add_runtime crun
	add_runtime runc
	add_bwrap
	measure run -n "$rounds"
	judge '`run --rm` of true' bulkhead base "${median[base]:-}" 1.5 1.2
	judge '`run --rm` of true' bulkhead floor "${median[floor]:-}" 2.5
	judge '`run --rm` of true' bulkhead 'crun run' "${median[crun]:-}" 0.6 0.35
	judge '`run --rm` of true' bulkhead 'runc run' "${median[runc]:-}" - -
	judge '`run --rm` of true' bulkhead 'bwrap --unshare-all' "${median[bwrap]:-}" 2.5 1.5
}

# The same beside the big engines, apart and with longer pauses: they go on working after their command has returned.
row_run_engines() {
	add_base
	add_product run-engines run --rm --network none bench true
	add_podman
	add_docker
	measure run-engines -n $(((rounds + 2) / 3)) -g 200
	judge '`run --rm` of true' bulkhead 'podman run --rm' "${median[podman]:-}" 0.1 0.05
	judge '`run --rm` of true' bulkhead 'docker run --rm' "${median[docker]:-}" - -
}

start_product_exec() {
	have_product "$1" || return 0
	run_product run -d --name bench-exec --network none bench sleep 100000 || return 0
	add_product "$1" exec bench-exec true
}

end_product_exec() {
	((${#product[@]})) || return 0
	run_product rm -f bench-exec || true
}

row_exec() {
	start_product_exec exec
	add_runtime_exec crun
	add_runtime_exec runc
	measure exec -n "$rounds"
	judge '`exec` of true' bulkhead 'crun exec' "${median[crun]:-}" 0.4 0.25
	judge '`exec` of true' bulkhead 'runc exec' "${median[runc]:-}" - -
	end_product_exec
	end_runtime_exec crun
	end_runtime_exec runc
}

row_exec_engines() {
	start_product_exec exec-engines
	add_podman_exec
	add_docker_exec
	measure exec-engines -n $(((rounds + 2) / 3)) -g 100
	judge '`exec` of true' bulkhead 'podman exec' "${median[podman]:-}" - -
	judge '`exec` of true' bulkhead 'docker exec' "${median[docker]:-}" - -
	end_product_exec
	end_podman_exec
	end_docker_exec
}

# memory_beside N MUST_MB: what our processes hold for each of N sleeping containers.
memory_beside() {
	local mb='' text=''
	if ((${#product[@]})) && have_running "$1"; then
		sleep 1 # the commands that started them are gone, the monitors have settled
		mb=$(calculate "$(product_pss_kb) / 1024 / $1")
		text="$(awk "BEGIN { printf \"%.3f\", $mb }") MB"
	fi
	judge_value "memory beside each of $1" "$text" "$mb" 'PSS of all our processes, MB' "$2"
}

row_memory() {
	have_product memory || true
	if ((${#product[@]})); then
		have_running 0 || true
	fi
	memory_beside 1 0.8
	memory_beside 100 0.15
}

row_ps() {
	rm -f "$work"/rows.sqlite*
	"$programs/dbrows" -f 100 "$work/rows.sqlite"
	add dbrows wall - "$programs/dbrows" "$work/rows.sqlite"
	if have_product ps && have_running 100; then
		add_product ps ps -q
	fi
	measure ps -n "$rounds"
	judge '`ps -q`, 100 running' bulkhead 'a program that reads 100 rows' "${median[dbrows]:-}" 2
}

row_run_d() {
	add_base
	if have_product run-d && have_running 0; then
		add_product run-d run -d --name 'bench-d{n}' --network none bench sleep 100000
	fi
	measure run-d -n 100 -w 0
	# shellcheck disable=SC2034 # of product.sh
	[[ ${median[bulkhead]:-} ]] && made=100
	judge '`run -d`, each of 100' bulkhead base "${median[base]:-}" 2
}

# A hundred containers: half end by themselves, half are removed while they run.
make_and_remove_hundred() {
	local i
	for ((i = 0; i < 50; i++)); do
		run_product run --rm --network none bench true || return
		run_product run -d --name bench-left --network none bench sleep 100000 || return
		run_product rm -f bench-left || return
	done
}

# take_stock NAME: what exists now, one file each: processes, mounts, cgroups, files, and kilobytes of kernel memory.
take_stock() {
	local at=$work/stock/$1 pid own
	own=$(readlink /proc/self/ns/pid)
	mkdir -p "$at"
	sleep 2 # what the kernel does asynchronously: network namespaces, cgroups, grace periods
	echo 3 >/proc/sys/vm/drop_caches
	{
		product_processes
		for pid in /proc/[0-9]*; do
			[[ $(readlink "$pid/ns/pid" 2>/dev/null || echo "$own") == "$own" ]] || echo "${pid##*/}"
		done
	} | sort -u >"$at/processes"
	awk '{ print $5 }' /proc/self/mountinfo | sort >"$at/mounts"
	awk '/ - cgroup2? /{ print $5 }' /proc/self/mountinfo | xargs -I{} find {} -type d | sort >"$at/cgroups"
	find "$work/root" "$state" -mindepth 1 | sort >"$at/files"
	awk '/^(Shmem|SUnreclaim|KernelStack|PageTables|Percpu):/{ kb += $2 } END { print kb }' /proc/meminfo >"$at/memory"
}

# new_lines KIND: how many more after than before.
new_lines() {
	comm -13 "$work/stock/before/$1" "$work/stock/after/$1" | wc -l
}

# The descriptors of the processes that were left.
new_descriptors() {
	local pid n=0
	for pid in $(comm -13 "$work/stock/before/processes" "$work/stock/after/processes"); do
		n=$((n + $(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)))
	done
	echo "$n"
}

# The first hundred is the warm-up: the engine's own directories and the kernel's caches exist after it.
row_leftovers() {
	local kind n kb
	if ! have_product leftovers || ! have_running 0 || ! make_and_remove_hundred || ! take_stock before ||
		! make_and_remove_hundred || ! take_stock after; then
		judge_value 'left of 100 containers' '' '' 'before' 0
		return
	fi
	for kind in processes mounts cgroups files; do
		n=$(new_lines "$kind")
		judge_value "$kind left of 100 containers" "$n" "$n" 'before' 0
	done
	n=$(new_descriptors)
	judge_value 'descriptors left of 100 containers' "$n" "$n" 'before' 0
	kb=$(($(<"$work/stock/after/memory") - $(<"$work/stock/before/memory")))
	# A machine's own noise is some hundred kB; one container's kernel objects that stay are 450 kB.
	judge_value 'memory left of 100 containers' "$kb kB" "$kb" 'before (noise up to 2048 kB)' 2048
}

# Fresh roots for each round: no engine finds its layers already there, and none creates files where as many have just
# been deleted, which ext4 makes slow.
row_load() {
	local n image
	image=$cache/large-$(sha256sum "$here/make_image.py" | cut -c1-12).tar
	if [[ ! -f $image ]]; then
		rm -f "$cache"/large-*.tar
		"$here/make_image.py" large "$image"
	fi
	cat "$image" >/dev/null # all read it from the page cache
	if have_product load; then
		add bulkhead wall - "${product[0]}" --root "$work/load-root{n}" --state "$work/load-state{n}" load -i "$image"
	fi
	for n in 1 2 3; do
		start_docker "$n" || break
	done
	docker_words '{n}'
	if [[ -S $work/docker3/socket ]]; then
		add docker wall - "${docker_command[@]}" load --input "$image"
	fi
	measure load -n 3 -w 0 -g 500 -s -t 600
	judge '`load`, 311 MB gzip, 746 MB, 18,400 files' bulkhead 'docker load' "${median[docker]:-}" 0.33
}
