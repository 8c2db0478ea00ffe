# bulkhead import: an image of one layer, from the tar of a root file system.
load ../lib/helpers

setup() {
	engine_setup
	tree=$BATS_TEST_TMPDIR/tree
	tar=$BATS_TEST_TMPDIR/root.tar
	mkdir "$tree"
	make_busybox_tree "$tree"
	tar -C "$tree" --numeric-owner -cf "$tar" .
}

@test "plain, gzip, xz, zstd; a file and standard input" {
	local id
	id=$(bulkhead import "$tar" plain:1)
	[[ $id =~ ^sha256:[0-9a-f]{64}$ ]]
	gzip -k "$tar"
	xz -0 -k "$tar"
	zstd -q "$tar"
	bulkhead import "$tar.gz" gzip:1
	bulkhead import "$tar.xz" xz:1
	bulkhead import - zstd:1 <"$tar.zst"
	# one layer, since its bytes are the same
	[[ $(find "$engine/root/layers" -mindepth 1 -maxdepth 1 | wc -l) == 1 ]]
	local name
	for name in plain gzip xz zstd; do
		run bulkhead run --rm --network none "$name:1" /bin/echo "$name"
		assert_success
		assert_output "$name"
	done
}

@test "changes and a message" {
	bulkhead import -m "by hand" -c 'CMD ["/bin/echo", "from CMD"]' -c 'ENV A=b C="d e"' -c 'WORKDIR /home' \
		-c 'WORKDIR user' -c 'LABEL k=v' -c 'EXPOSE 80' -c 'USER user' -c 'STOPSIGNAL SIGINT' "$tar" app
	run bulkhead image inspect --format '{{json .Config.Env}} {{.Config.WorkingDir}} {{.Config.User}} {{.Config.StopSignal}} {{.Comment}} {{json .Config.Labels}} {{json .Config.ExposedPorts}}' app
	assert_output '["A=b","C=d e"] /home/user user SIGINT by hand {"k":"v"} {"80/tcp":{}}'
	run bulkhead run --rm --network none app
	assert_success
	assert_output "from CMD"
	run bulkhead run --rm --network none app /bin/sh -c 'echo $A $C; pwd; id -u'
	assert_success
	assert_output "$(printf '%s\n' 'b d e' /home/user 1000)"
}

@test "owners, modes, times, links and holes are what the archive says" {
	local dir=$tree/srv
	mkdir -p "$dir"
	echo x >"$dir/file"
	chown 1234:4321 "$dir/file"
	chmod 4751 "$dir/file"
	ln "$dir/file" "$dir/hard"
	ln -s ../etc/passwd "$dir/link"
	mkfifo -m 620 "$dir/fifo"
	truncate -s 100M "$dir/hole"
	touch -h -d '2001-02-03 04:05:06.789 UTC' "$dir"/* "$dir"
	tar -C "$tree" --numeric-owner --format=pax --sparse -cf "$tar" .
	bulkhead import "$tar" app
	local show='cd /srv && stat -c "%n %a %u:%g %F %s %Y" * . && readlink link && ls -i file hard | cut -d " " -f 1 | uniq | wc -l && du -k hole | cut -f 1'
	run bulkhead run --rm --network none app /bin/sh -c "$show"
	assert_success
	assert_line "file 4751 1234:4321 regular file 2 981173106"
	assert_line "fifo 620 0:0 fifo 0 981173106"
	assert_line "hole 644 0:0 regular file 104857600 981173106"
	assert_line "link 777 0:0 symbolic link 13 981173106"
	assert_line ". 755 0:0 directory 4096 981173106"
	assert_line ../etc/passwd
	assert_line 1
	[[ ${lines[-1]} == 0 ]]
}

@test "bad changes, names and archives" {
	run --separate-stderr bulkhead import -c 'RUN true' "$tar" app
	assert_failure 1
	[[ $stderr == *'"RUN true" is not a change that can be made'* ]]
	run --separate-stderr bulkhead import "$tar" 'Bad:Name:x'
	assert_failure 1
	[[ $stderr == *"invalid reference format"* ]]
	run --separate-stderr bulkhead import "$BATS_TEST_TMPDIR/missing" app
	assert_failure 1
	[[ $stderr == *"missing: No such file or directory"* ]]
	run --separate-stderr bulkhead import "$tree" app
	assert_failure 1
	[[ ${#stderr_lines[@]} == 1 ]]
	head -c 100000 "$tar" >"$tar.cut"
	run --separate-stderr bulkhead import "$tar.cut" app
	assert_failure 1
	[[ $stderr == "bulkhead: import $tar.cut: "*"tar: "* ]]
	[[ -z $(find "$engine/root"/{layers,tmp} -mindepth 1) ]]
	run bulkhead images -q
	assert_output ''
}

@test "as somebody else" {
	chmod 755 "$BATS_TEST_TMPDIR"
	run --separate-stderr bulkhead_as 65534 import "$tar" app
	assert_failure 1
	[[ ${#stderr_lines[@]} == 1 && $stderr == *"Permission denied"* ]]
}

@test "images before and since another" {
	bulkhead import "$tar" older >/dev/null
	sleep 1.1
	bulkhead import -c 'LABEL a=b' "$tar" newer >/dev/null
	run bulkhead images --format '{{.Repository}}' -f before=newer
	assert_output older
	run bulkhead images --format '{{.Repository}}' -f since=older
	assert_output newer
	run bulkhead images -f since=neither
	assert_failure 1
	assert_output --partial 'no such image: neither'
}
