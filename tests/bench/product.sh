# Bulkhead itself, as its users start it: by its command line, with a root of its own.
# shellcheck shell=bash disable=SC2154 # globals of `run`

product=()	  # its command line, empty when there is nothing to measure
product_reason='' # why
foreign=''	  # processes of other engines on this machine, " PID PID "
made=0		  # detached containers bench-d1 ... bench-d$made are running

find_product() {
	local program
	foreign=" $(product_processes | tr '\n' ' ')"
	program=$(find "$build" -type f -name bulkhead -perm -u+x | head -1)
	if [[ ! $program ]]; then
		product_reason="bulkhead is not built in $build"
		return
	fi
	product=("$program" --root "$work/root" --state "$state")
	if ! "${product[@]}" load -i "$work/small.tar" >"$work/product.log" 2>&1 ||
		! "${product[@]}" run --rm --network none bench true >"$work/product.log" 2>&1 </dev/null; then
		product_reason="$program: $(tail -1 "$work/product.log")"
		product=()
	fi
}

# have_product ROW: names the row as not measured when there is no product.
have_product() {
	((${#product[@]})) && return
	problem "row $1: $product_reason"
	return 1
}

# add_product ROW ARG...
add_product() {
	local row=$1
	shift
	have_product "$row" || return 0
	add bulkhead wall - "${product[@]}" "$@"
}

run_product() {
	"${product[@]}" "$@" >"$work/product.out" 2>"$work/product.log" </dev/null && return
	problem "bulkhead $1: $(tail -1 "$work/product.log")"
	return 1
}

# have_running N: makes and removes until there are exactly N detached containers.
have_running() {
	while ((made < $1)); do
		run_product run -d --name "bench-d$((made + 1))" --network none bench sleep 100000 || return
		made=$((made + 1))
	done
	while ((made > $1)); do
		run_product rm -f "bench-d$made" || return
		made=$((made - 1))
	done
}

# Every process of the engine: its programs are all called bulkhead*, be they files or sealed copies. One line a process.
product_processes() {
	local exe name pid
	for exe in /proc/[0-9]*/exe; do
		name=$(readlink "$exe" 2>/dev/null) || continue
		name=${name##*/} pid=${exe//[!0-9]/}
		[[ ${name#memfd:} == bulkhead* && $foreign != *" $pid "* ]] && echo "$pid"
	done
	return 0
}

# Kilobytes of memory that belong to the engine's processes, shared pages divided among those who share them.
product_pss_kb() {
	local pid sum=0 kb
	for pid in $(product_processes); do
		kb=$(awk '/^Pss:/{ print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null) || continue
		sum=$((sum + ${kb:-0}))
	done
	echo "$sum"
}

end_product() {
	((${#product[@]})) || return 0
	local ids
	ids=$("${product[@]}" ps -aq) || return 0
	# shellcheck disable=SC2086 # ids are words
	[[ $ids ]] && "${product[@]}" rm -f $ids >/dev/null
	return 0
}
