# Measuring and the table. A row function adds commands to a plan, measures it, and judges the medians.
# shellcheck shell=bash disable=SC2154 # globals of `run`

plan=() # lines for alternate(1)
problems=()
table=() # lines of the result
declare -A median=() cpu=() # of the last measurement, microseconds by name

problem() {
	problems+=("$*")
	printf 'bench: %s\n' "$*" >&2
}

# add NAME KIND NAMESPACE PROGRAM [ARGUMENT...]: one command of the plan; see alternate.c.
add() {
	local IFS=$'\t'
	plan+=("$*")
}

add_base() {
	add floor self - "$programs/floor" -s -r "$work/floor" -f "$work/filter"
	add dbstart wall - "$programs/dbstart" "$work/base.sqlite"
}

# measure ROW [OPTION...]: runs the plan with these options of alternate and fills `median`; the plan is empty after.
measure() {
	local row=$1 line name count p10 p90 on_cpu
	shift
	median=() cpu=()
	printf '%s\n' "${plan[@]}" >"$work/plan"
	plan=()
	"$programs/alternate" "$@" "$work/plan" >"$work/medians" || true # what failed is in the lines
	while IFS=$'\t' read -r name count line p10 p90 on_cpu; do
		if [[ $count == failed ]]; then
			problem "row $row: $name: $line"
			continue
		fi
		median[$name]=$line
		# shellcheck disable=SC2034 # runtimes.sh reads it
		cpu[$name]=$on_cpu
		details+=("$row"$'\t'"$name"$'\t'"$count"$'\t'"$line"$'\t'"$p10"$'\t'"$p90"$'\t'"$on_cpu")
	done <"$work/medians"
	[[ -s $work/medians ]] || problem "row $row: nothing was measured"
	if [[ ${median[floor]:-} && ${median[dbstart]:-} ]]; then
		median[base]=$(calculate "${median[floor]} + ${median[dbstart]}")
	fi
}
details=()

calculate() {
	awk "BEGIN { printf \"%.4f\", $1 }"
}

is_at_most() {
	awk "BEGIN { exit !($1 <= $2) }"
}

# Microseconds as people read them.
ms() {
	[[ $1 ]] && awk "BEGIN { printf \"%.2f ms\", $1 / 1000 }" || echo missing
}

# must WORK OURS AGAINST NUMBER MUST: as judge; a line that is missed or missing makes the bench fail.
must() {
	judge "$@"
	note_miss "$1, beside $3"
}

# note_miss WHAT: fails the bench when the line made last says missed or missing.
note_miss() {
	[[ ${table[-1]} != *'| missed |' && ${table[-1]} != *'| missing |' ]] || misses+=("$1")
}
misses=()

# judge WORK OURS AGAINST NUMBER MUST [GOAL]: a line with the ratio of median[OURS] to NUMBER microseconds. MUST and GOAL
# are ratios not to be exceeded; "-" for none.
judge() {
	local ours=${median[$2]:-} number=$4 must=$5 goal=${6:--} ratio=- verdict=missing
	if [[ $ours && $number ]]; then
		ratio=$(calculate "$ours / $number")
		verdict=$(verdict_of "$ratio" "$must" "$goal")
		ratio=$(awk "BEGIN { printf \"%.2f\", $ratio }")
	fi
	table+=("| $1 | $(ms "$ours") | $3 $(ms "$number") | $ratio | $must | $goal | $verdict |")
}

# verdict_of NUMBER MUST GOAL
verdict_of() {
	if [[ $2 == - ]]; then
		echo -
	elif [[ $3 != - ]] && is_at_most "$1" "$3"; then
		echo "met, goal too"
	elif is_at_most "$1" "$2"; then
		echo met
	else
		echo missed
	fi
}

# judge_value WORK TEXT NUMBER AGAINST MUST: a line for a number that is judged by itself. An empty NUMBER is missing.
judge_value() {
	local verdict=missing
	[[ $3 ]] && verdict=$(verdict_of "$3" "$5" -)
	table+=("| $1 | ${2:-missing} | $4 | - | $5 | - | $verdict |")
}

print_table() {
	printf '\n| work | ours | against | ratio | must | goal | |\n|---|---|---|---|---|---|---|\n'
	printf '%s\n' "${table[@]}"
	((${#details[@]})) || return 0
	printf '\nMedians, p10, p90 and the median on CPUs in microseconds:\n\n| row | command | rounds | median | p10 | p90 | CPU |\n|---|---|---|---|---|---|---|\n'
	printf '%s\n' "${details[@]}" | sed 's/\t/ | /g; s/.*/| & |/'
}

print_problems() {
	if ((${#misses[@]})); then
		printf '\nbench: must, and does not:\n' >&2
		printf 'bench:   %s\n' "${misses[@]}" >&2
	fi
	if ((${#problems[@]})); then
		printf '\nbench: not measured:\n' >&2
		printf 'bench:   %s\n' "${problems[@]}" >&2
	fi
	((${#misses[@]} + ${#problems[@]} == 0)) || exit 1
}
