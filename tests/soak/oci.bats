# ./dev soak, bulkhead-oci: a thousand containers of a bundle made, started and deleted, then eight at once for a minute;
# nothing may be left, and nothing grow.
load ../lib/helpers
load ../lib/bundle

cycles=${SOAK_CYCLES:-1000}
seconds=${SOAK_SECONDS:-60}

setup() {
	bundle_setup
	bundle_args sleep 1000
}
teardown() { bundle_teardown; }

# What grows where something leaks.
host_counts() {
	echo "mounts $(wc -l </proc/self/mountinfo)"
	find /sys/fs/cgroup -type d -path "*/$groups/*"
	find "$engine/oci" -mindepth 1 | grep -v '/\.seccomp/' | sort
	pgrep -c -f "bulkhead-oci --root $engine/oci" || true
}

# One life of the container $1 of the bundle $2, each ended in another way than the one before: $3.
live() {
	oci create -b "$2" "$1" </dev/null >/dev/null 2>&1 || return
	case $(($3 % 4)) in
	0) oci delete "$1" ;;
	1) oci start "$1" && oci exec "$1" true && oci delete -f "$1" ;;
	2) oci start "$1" && oci kill "$1" KILL && until oci_status_is "$1" stopped; do sleep 0.01; done && oci delete "$1" ;;
	3) oci start "$1" && oci pause "$1" && oci delete -f "$1" ;;
	esac
}

@test "$cycles cycles of a bundle leave nothing" {
	local round before after
	for round in {0..7}; do live one "$bundle" "$round"; done
	before=$(host_counts)
	for ((round = 0; round < cycles; round++)); do
		live one "$bundle" "$round" || fail "round $round"
		((round % 100)) || echo "# $round of $cycles" >&3
	done
	after=$(host_counts)
	[[ $after == "$before" ]] || diff <(echo "$before") <(echo "$after") | fail
}

@test "eight at once for $seconds s" {
	local n before after pids=()
	for n in {1..8}; do
		cp -a "$bundle" "$bundle.$n"
		bundle_groups "n$n" "$bundle.$n"
		live "n$n" "$bundle.$n" 1
	done
	before=$(host_counts)
	for n in {1..8}; do
		(
			end=$((SECONDS + seconds)) round=0
			while ((SECONDS < end)); do
				live "n$n" "$bundle.$n" $((round++)) || exit 1
			done
			echo "# $round lives of n$n" >&3
		) &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n"
	done
	after=$(host_counts)
	[[ $after == "$before" ]] || diff <(echo "$before") <(echo "$after") | fail
}
