# shellcheck shell=bash
# Which test file runs on which kind at which boot. A plan is a directory with a file KIND.BOOT for each boot,
# the names of the test files one a line.
: "${vm_dir:?}"

# file_kinds FILE: the kinds of its header line `# kinds: ...`.
file_kinds() {
	local kinds kind
	kinds=$(sed -n 's/^# kinds: *//p' "$vm_dir/$1")
	[[ -n $kinds ]] || die "$1: no line \"# kinds: ...\" says where it runs"
	for kind in $kinds; do
		[[ -n $(rows kinds "$kind") ]] || die "$1: \"$kind\" is not in the table tests/vm/kinds"
	done
	printf '%s\n' "$kinds"
}

# file_boot FILE: N of name.N.bats, else 1.
file_boot() {
	if [[ $1 =~ \.([0-9]+)\.bats$ ]]; then
		printf '%s\n' "${BASH_REMATCH[1]}"
	else
		echo 1
	fi
}

# whole_sequence FILE: all parts of name.N.bats, as none can run without those before it.
whole_sequence() {
	local stem part
	if [[ ! $1 =~ ^(.*)\.[0-9]+\.bats$ ]]; then
		printf '%s\n' "$1"
		return
	fi
	stem=${BASH_REMATCH[1]}
	for ((part = 1; ; part++)); do
		[[ -f $vm_dir/$stem.$part.bats ]] || break
		printf '%s\n' "$stem.$part.bats"
	done
	((part > 1)) || die "$1: there is no $stem.1.bats before it"
}

# select_files [FILE...]: the names asked for, or all there are, each sequence whole, none twice.
select_files() {
	local file
	if (($# == 0)); then
		set -- "$vm_dir"/*.bats
	fi
	for file; do
		file=$(basename "$file")
		[[ -f $vm_dir/$file ]] || die "$file: no such test in tests/vm"
		whole_sequence "$file" || return
	done | sort -u
}

# in_order FILE...: host.bats first, which looks at the kind before anything has changed it; what leaves something
# running until a reboot last.
in_order() {
	printf '%s\n' "$@" | awk '{ print ($0 == "host.bats" ? 0 : $0 ~ /\.[0-9]+\.bats$/ ? 2 : 1), $0 }' |
		LC_ALL=C sort | cut -d ' ' -f 2
}

# write_plan DIR FILE...
write_plan() {
	local dir=$1 file kind kinds files
	shift
	mapfile -t files < <(in_order "$@")
	for file in "${files[@]}"; do
		kinds=$(file_kinds "$file") || return
		for kind in $kinds; do
			printf '%s\n' "$file" >>"$dir/$kind.$(file_boot "$file")"
		done
	done
}
