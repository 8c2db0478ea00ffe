# bulkhead-oci beside the other OCI runtimes: the same bundle, the same mount namespace, the state of each in memory, as
# /run is. The rows bundle-*; what they must is what they fail by.
# shellcheck shell=bash disable=SC2154,SC2016 # globals of `run`; Markdown's code

runtimes=()		# those there are
declare -A runtime=()	# the command line of each, words separated by tabs
runtime_state=/run/bulkhead-bench # a tmpfs in the peers' mount namespace

# find_runtimes: youki is not in Debian, and measured where somebody has it.
find_runtimes() {
	((${#runtimes[@]})) && return
	keep_peer_namespace
	add_to_runtimes bulkhead-oci "$build/src/bulkhead-oci"
	have_peer crun crun && add_to_runtimes crun crun
	have_peer runc runc && add_to_runtimes runc runc
	if command -v youki >/dev/null; then
		add_to_runtimes youki youki
	fi
}

add_to_runtimes() {
	local IFS=$'\t' words
	words=("$2" --root "$runtime_state/$1")
	runtimes+=("$1")
	runtime[$1]="${words[*]}"
}

# docker_bundle_of NAME ARG...: Docker's configuration for each of them, the same but for the cgroup's name.
docker_bundle_of() {
	make_bundle "bundle-$1" "${@:2}"
}

# spec_bundle_of NAME ARG...: one from what our `spec` writes, which is runc's but for ambient capabilities.
spec_bundle_of() {
	local dir=$work/bundle/bundle-$1
	mkdir -p "$dir"
	rm -f "$dir/config.json"
	"$build/src/bulkhead-oci" spec --bundle "$dir"
	"$here/spec_bundle.py" "$dir/config.json" "$work/rootfs" "/$peer_group/bundle-$1" "${@:2}"
}

# each_runtime COMMAND...: with NAME of each runtime after it.
each_runtime() {
	local name
	find_runtimes
	for name in "${runtimes[@]}"; do
		"$@" "$name"
	done
}

# runtime_words NAME: its command line as an array.
runtime_words() {
	IFS=$'\t' read -ra runtime_command <<<"${runtime[$1]}"
}

# judge_runtimes WORK MUST: our median beside each; what must hold is beside crun. CPU time, as far as there is one, is
# told and not judged.
judge_runtimes() {
	local name
	must "$1" bulkhead-oci crun "${median[crun]:-}" "$2"
	for name in "${runtimes[@]}"; do
		[[ $name == bulkhead-oci || $name == crun ]] || judge "$1" bulkhead-oci "$name" "${median[$name]:-}" - -
	done
	median[bulkhead-oci]=${cpu[bulkhead-oci]:-}
	for name in "${runtimes[@]}"; do
		[[ $name == bulkhead-oci ]] || judge "$1, time on CPUs" bulkhead-oci "$name" "${cpu[$name]:-}" - -
	done
}

# add_bundle_run BUNDLE_OF NAME
add_bundle_run() {
	"$1" "$2" true
	runtime_words "$2"
	add "$2" wall "$peer_ns" "${runtime_command[@]}" run --bundle "$work/bundle/bundle-$2" "bench-$2"
}

row_bundle_run() {
	each_runtime add_bundle_run docker_bundle_of
	measure bundle-run -n "$rounds"
	judge_runtimes "\`run\` of true, Docker's bundle" 0.45
}

row_bundle_spec() {
	each_runtime add_bundle_run spec_bundle_of
	measure bundle-spec -n "$rounds"
	judge_runtimes '`run` of true, the bundle of `spec`' 0.7
}

# add_lifecycle KIND OPTION NAME: the program that is their shim, for a container that would sleep.
add_lifecycle() {
	docker_bundle_of "$3" sleep 100000
	runtime_words "$3"
	# shellcheck disable=SC2086 # none or one word
	add "$3" "$1" "$peer_ns" "$programs/lifecycle" $2 "$work/$3.pid" "${runtime_command[@]}" -- \
		"$work/bundle/bundle-$3" "bench-$3"
}

row_bundle_cycle() {
	each_runtime add_lifecycle wall ''
	measure bundle-cycle -n "$rounds"
	judge_runtimes 'create, start, kill, delete' 0.6
}

# start_sleeping NAME: a container that sleeps and, after it, the process id of its `run` in $sleeping.
start_sleeping() {
	docker_bundle_of "$1" sleep 100000
	runtime_words "$1"
	# No function here: nsenter is to become the runtime under the very process id that is noted.
	nsenter --mount="$peer_ns" -- "${runtime_command[@]}" run --bundle "$work/bundle/bundle-$1" \
		--pid-file "$work/$1.pid" "bench-$1" >"$work/$1.log" 2>&1 </dev/null &
	sleeping=$!
	in_background+=("$sleeping")
	# shellcheck disable=SC2016 # expanded by that shell
	await "$1 run" sh -c 'test -s "$0"' "$work/$1.pid" && is_running "$1" && return
	problem "$1 run: $(tail -1 "$work/$1.log")"
	return 1
}
in_background=() # the `run`s of containers that sleep

is_running() {
	await "$1's container" sh -c "nsenter --mount=$peer_ns -- ${runtime_command[*]} state bench-$1 | grep -q running"
}

end_sleeping() {
	[[ ${runtime[$1]:-} ]] || return 0
	runtime_words "$1"
	in_peer_ns "${runtime_command[@]}" delete --force "bench-$1" >/dev/null 2>&1 || true
	rm -f "$work/$1.pid"
}

end_all_sleeping() {
	local pid
	each_runtime end_sleeping
	for pid in "${in_background[@]}"; do
		wait "$pid" 2>/dev/null || true # killed
	done
	in_background=()
}

add_bundle_exec() {
	start_sleeping "$1" || return 0
	add "$1" wall "$peer_ns" "${runtime_command[@]}" exec "bench-$1" true
}

row_bundle_exec() {
	each_runtime add_bundle_exec
	measure bundle-exec -n "$rounds"
	judge_runtimes '`exec` of true, bundles' 0.4
	end_all_sleeping
}

# judge_peak NAME MUST: medians are kB here.
judge_peak() {
	local ours=${median[bulkhead-oci]:-} theirs=${median[$1]:-} ratio='' text=''
	if [[ $ours && $theirs ]]; then
		ratio=$(calculate "$ours / $theirs")
		text=$(printf '%.0f kB' "$ours")
		theirs=$(printf '%.0f kB' "$theirs")
	fi
	judge_value 'largest process of `create`, peak resident' "$text" "$ratio" "$1 ${theirs:-missing}" "$2"
}

row_bundle_memory() {
	local name
	each_runtime add_lifecycle self -m
	measure bundle-memory -n "$(((rounds + 3) / 4))" -w 1
	judge_peak crun 1.0
	note_miss 'peak of `create`, beside crun'
	for name in "${runtimes[@]}"; do
		[[ $name == bulkhead-oci || $name == crun ]] || judge_peak "$name" -
	done
}

# tell_size NAME: its program without symbols, and what of it and its libraries is in the memory of a `run` that waits.
tell_size() {
	local program kb rss_pss
	start_sleeping "$1" || return 0
	program=$(command -v "${runtime_command[0]}")
	strip -o "$work/stripped" "$program"
	kb=$(($(stat -c %s "$work/stripped") / 1024))
	# Mappings of files have an inode; their lines come before their numbers.
	rss_pss=$(awk '/^[0-9a-f]+-[0-9a-f]+ /{ file = $5 } file && /^Rss:/{ rss += $2 } file && /^Pss:/{ pss += $2 }
		END { printf "%d kB resident, %d kB shared out", rss, pss }' "/proc/$sleeping/smaps")
	judge_value "size of $1, stripped" "$kb kB" "$kb" "mapped files of its \`run\`: $rss_pss" -
}

row_bundle_size() {
	each_runtime tell_size
	end_all_sleeping
}

end_runtimes() {
	((${#runtimes[@]})) || return 0
	end_all_sleeping
}
