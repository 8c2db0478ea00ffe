# The examples of README.md, as they stand there: every indented line that starts with `bulkhead`, in order, in one shell.
load ../lib/helpers

readme=$BATS_TEST_DIRNAME/../../README.md

setup() {
	engine_setup
	busybox_image
}

# Busybox stands for Debian, so bash is its shell; -t needs a terminal, which script(1) makes.
examples() {
	sed -n '/^## Ten examples/,/^## Read on/s/^ \{4,\}\(bulkhead .*\)/\1/p' "$readme" |
		grep -v -e '^bulkhead load ' |
		sed -e 's/ debian bash$/ debian sh -c exit/' -e 's/.* -it .*/script -qec "&" \/dev\/null/'
}

@test "there are ten, and each is run" {
	(($(grep -c -E '^[0-9]+\. ' "$readme") == 10))
	(($(examples | wc -l) == 17))
}

@test "the examples work" {
	bulkhead tag busybox debian
	cd "$BATS_TEST_TMPDIR"
	mkdir programs
	printf '#!/bin/sh\nexec %q --root %q --state %q "$@" 3>&-\n' "$BULKHEAD_BUILD/src/bulkhead" "$engine/root" \
		"$engine/state" >programs/bulkhead
	chmod +x programs/bulkhead
	export PATH=$PWD/programs:$PATH
	while IFS= read -r line; do
		echo "# $line"
		run bash -c "$line" </dev/null
		assert_success
	done < <(examples)
	[[ -e made ]]
	run command bulkhead ps -aq
	assert_output ''
}
