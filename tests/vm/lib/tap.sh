# shellcheck shell=bash
# One TAP stream out of many: the files of all kinds and boots are numbered through, and what is no test but went
# wrong is a `not ok` of its own, so that nothing can be lost between them.

tap_passed=0 tap_failed=0 tap_skipped=0
# Of the file that is being read: its name, what its plan line promised, what came, and how many of it failed.
tap_file='' tap_planned='' tap_seen=0 tap_bad=0

tap_result() { # ok|not ok, description
	printf '%s %d %s\n' "$1" "$((tap_passed + tap_failed + tap_skipped + 1))" "$2"
	if [[ $1 == 'not ok' ]]; then
		tap_failed=$((tap_failed + 1))
	elif [[ $2 =~ \ \#\ [Ss][Kk][Ii][Pp] ]]; then
		tap_skipped=$((tap_skipped + 1))
	else
		tap_passed=$((tap_passed + 1))
	fi
}

tap_fail() { # description
	tap_result 'not ok' "$1"
}

tap_begin_file() { # name
	tap_file=$1 tap_planned='' tap_seen=0 tap_bad=0
}

tap_line() { # label line
	if [[ $2 =~ ^(ok|not\ ok)\ [0-9]+\ ?(.*)$ ]]; then
		tap_seen=$((tap_seen + 1))
		[[ ${BASH_REMATCH[1]} == ok ]] || tap_bad=$((tap_bad + 1))
		tap_result "${BASH_REMATCH[1]}" "$1 $tap_file: ${BASH_REMATCH[2]}"
	elif [[ $2 =~ ^1\.\.([0-9]+)$ ]]; then
		tap_planned=${BASH_REMATCH[1]}
	elif [[ -n $2 ]]; then
		printf '# %s\n' "${2#\# }"
	fi
}

tap_end_file() { # label status
	if [[ $tap_planned != "$tap_seen" || $tap_seen == 0 ]]; then
		tap_fail "$1 $tap_file: $tap_seen results for a plan of ${tap_planned:-none}"
	elif [[ $2 != 0 && $tap_bad == 0 ]]; then
		tap_fail "$1 $tap_file: bats ended with status $2 though no test failed"
	fi
	tap_file=''
}

# The closing lines; fails when any test did, or when there was none.
tap_summary() {
	printf '1..%d\n' "$((tap_passed + tap_failed + tap_skipped))"
	printf 'vm: %d passed, %d failed, %d skipped\n' "$tap_passed" "$tap_failed" "$tap_skipped"
	((tap_failed == 0 && tap_passed > 0))
}
