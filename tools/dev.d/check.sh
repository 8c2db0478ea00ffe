# shellcheck shell=bash
# ./dev check: every executable file in tools/check is one check. Each gets the source tree as its working directory and
# BULKHEAD_BUILD, a release tree that is built; what it prints is for people, its exit status tells.

check_prepare() {
	build_tree release || return 1
	# clang-tidy and cppcheck read how clang would compile; only the generated sources have to be there for it.
	[[ -f build/clang/compile_commands.json ]] || build_setup clang >build/clang.log 2>&1 </dev/null ||
		die "see build/clang.log"
	{
		ninja -C build/clang build.ninja &&
			ninja -C build/clang -t targets rule CUSTOM_COMMAND | grep -v '^meson-' | xargs -r ninja -C build/clang
	} >build/clang.log 2>&1 || {
		tail -n 20 build/clang.log
		return 1
	}
}

check_names() {
	find tools/check -maxdepth 1 -type f -perm -u+x -printf '%f\n' | LC_ALL=C sort
}

# Runs one check; prints what it said only when it failed.
run_check() {
	local name=$1 start=$SECONDS log=build/check/$1.log status=0
	BULKHEAD_BUILD=$top/build/release timeout --kill-after=10 1200 "tools/check/$name" >"$log" 2>&1 </dev/null || status=$?
	if ((status == 0)); then
		printf '    %-12s %4d s  %s\n' "$name" $((SECONDS - start)) "$(tail -n 1 "$log")"
		return
	fi
	printf '    %-12s %4d s  FAILED, status %d\n' "$name" $((SECONDS - start)) "$status"
	head -n 100 "$log" | sed 's/^/        /'
	return 1
}

# For ./dev test: each check as one test.
check_all() {
	local name
	say "checks"
	mkdir -p build/check
	step build check check_prepare || return 0
	for name in $(check_names); do
		step check "$name" run_check "$name" || true
	done
}

dev_check() {
	local names=("$@") name failed=()
	((${#names[@]})) || mapfile -t names < <(check_names)
	for name in "${names[@]}"; do
		[[ -x tools/check/$name ]] || die "check: no \"$name\"; there are: $(check_names | xargs)"
	done
	need_packages build tests check
	mkdir -p build/check
	check_prepare
	say "checks"
	for name in "${names[@]}"; do
		run_check "$name" || failed+=("$name")
	done
	if ((${#failed[@]})); then
		printf '%d of %d checks failed: %s\n' "${#failed[@]}" "${#names[@]}" "${failed[*]}"
		return 1
	fi
	printf 'all %d checks passed\n' "${#names[@]}"
}
