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
