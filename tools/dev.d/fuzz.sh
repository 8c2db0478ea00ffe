# shellcheck shell=bash
# ./dev fuzz: libFuzzer over the targets of tests/fuzz. What it finds worth keeping grows in build/fuzz-corpus, not in
# the source tree; a crash is left there as crash-….

fuzz_target() {
	local name=$1 seconds=$2 found=$top/build/fuzz-corpus/$1
	mkdir -p "$found"
	say "fuzz_$name, $seconds s"
	(
		cd "$found"
		timeout --kill-after=10 $((seconds + 60)) "$top/build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" \
			-max_len=65536 -timeout=10 -print_final_stats=1 "$found" "$top/tests/fuzz/corpus/$name" >log.txt 2>&1
	) || {
		tail -n 40 "$found/log.txt" >&2
		return 1
	}
	grep -E 'number_of_executed_units|new_units_added' "$found/log.txt" || true
}

fuzz_names() {
	local source
	for source in tests/fuzz/fuzz_*.c; do
		source=$(basename "$source" .c)
		echo "${source#fuzz_}"
	done
}

# For ./dev test: each target as one test, "$1NAME", by the command "$2 NAME $3"; as many at once as there are
# processors.
fuzz_each() {
	local name running=0
	for name in $(fuzz_names); do
		((running++ < $(nproc))) || wait -n || true
		step fuzz "$1$name" "$2" "$name" "$3" &
	done
	wait
}

dev_fuzz() {
	local seconds=30 name targets=() failed=0
	for name in "$@"; do
		if [[ $name =~ ^[0-9]+$ ]]; then
			seconds=$name
		elif [[ -f tests/fuzz/fuzz_$name.c ]]; then
			targets+=("$name")
		else
			die "fuzz: no target \"$name\"; there are: $(fuzz_names | xargs)"
		fi
	done
	((${#targets[@]})) || mapfile -t targets < <(fuzz_names)
	need_packages build tests check
	build_tree fuzz
	for name in "${targets[@]}"; do
		fuzz_target "$name" "$seconds" || failed=1
	done
	return "$failed"
}
