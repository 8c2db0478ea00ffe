# bulkhead-oci where crun has more than runc: options, annotations, and what it takes without complaint.
load ../lib/helpers
load ../lib/bundle

setup() { bundle_setup; }
teardown() { bundle_teardown; }

@test "create and run read another file than config.json" {
	bundle_args echo other
	mkdir "$bundle/conf"
	mv "$bundle/config.json" "$bundle/conf/other.json"
	run oci run -b "$bundle" --config conf/other.json one </dev/null
	assert_success
	assert_output other
	cp "$bundle/conf/other.json" "$engine/absolute.json"
	oci create -b "$bundle" -f "$engine/absolute.json" one </dev/null >/dev/null 2>&1
	oci_status_is one created
	oci delete one
	run oci run -b "$bundle" one </dev/null
	assert_failure 1
	assert_output --partial "config.json: no such file in the bundle"
	run oci run -b "$bundle" -f nosuch.json one </dev/null
	assert_failure 1
	assert_output --partial "nosuch.json: no such file in the bundle"
}

@test "delete and kill take a pattern for ids" {
	local id
	bundle_args sleep 1000
	for id in web-1 web-2 db-1; do
		bundle_groups "$id"
		oci_start "$id"
	done
	run oci kill --regex '^web-[0-9' KILL
	assert_failure 1
	assert_output --partial "--regex: ^web-[0-9: "
	run oci delete --regex '^web-'
	assert_failure 1
	assert_output --partial "web-1: cannot delete container web-1 that is not stopped: running"
	assert_output --partial "web-2: cannot delete container web-2 that is not stopped: running"
	oci kill --regex '^web-[0-9]$' KILL
	wait_for 5 oci_status_is web-1 stopped
	wait_for 5 oci_status_is web-2 stopped
	oci_status_is db-1 running
	oci delete --regex web
	run oci list -q
	assert_output db-1
	oci delete -f -r .
	run oci list -q
	assert_output ""
	oci delete --regex nobody
}

@test "slashes at the end of a device's path count for nothing" {
	bundle_edit 'l["devices"] = [{"path": "/dev/extra//", "type": "c", "major": 1, "minor": 5}]'
	bundle_args sh -c 'test -c /dev/extra && echo made'
	run oci_run one
	assert_success
	assert_output made
	bundle_edit 'l["devices"][0]["path"] = "/"'
	run oci_run one
	assert_failure 1
	assert_output --partial "device /: not a path of a file"
}

@test "a mount goes where a link leads, though nothing is there" {
	ln -s ../made/of/links "$bundle/rootfs/etc/dangling"
	ln -s /made/too "$bundle/rootfs/etc/tree"
	ln -s ../../../../../escape "$bundle/rootfs/etc/out"
	ln -s round "$bundle/rootfs/etc/round"
	echo hello >"$engine/file"
	bundle_edit "c['mounts'] += [{'destination': d, 'type': 'bind', 'source': s, 'options': ['bind']}
for d, s in (('/etc/dangling', '$engine/file'), ('/etc/tree', '$engine'), ('/etc/out', '$engine/file'))]"
	bundle_args cat /made/of/links /made/too/file /escape
	run oci_run one
	assert_success
	assert_output "hello
hello
hello"
	[[ ! -e /escape && ! -e $engine/escape ]]
	bundle_edit "c['mounts'][-1]['destination'] = '/etc/round'"
	run oci_run one
	assert_failure 1
	assert_output --partial "Too many levels of symbolic links"
}
