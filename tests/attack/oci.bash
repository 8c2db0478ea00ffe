# shellcheck shell=bash
# For attacks on bulkhead-oci: a bundle with the busybox tree.

# Makes $bundle with its rootfs $tree and a config.json as `spec` writes it, without a terminal.
oci_setup() {
	engine_setup
	# shellcheck disable=SC2034 # the tests'
	x=${engine##*.} # begins the containers' names: their control groups are not below $engine
	bundle=$engine/bundle tree=$engine/bundle/rootfs
	mkdir -p "$tree"
	chmod 755 "$bundle" "$tree"
	make_busybox_tree "$tree"
	oci spec --bundle "$bundle"
	config '.process.terminal = false | .root.readonly = false'
}

# The same, and the directory $host of the host with a secret.
oci_setup_host() {
	oci_setup
	host=$engine/host
	mkdir "$host"
	echo of-the-host >"$host/secret"
}

oci_teardown() {
	local id
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	engine_teardown
}

oci() {
	"$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci" "$@" 3>&-
}

# Changes config.json by jq.
config() {
	jq "$@" <"$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
}

# The program of the container, as words.
program() {
	config --argjson args "$(printf '%s\n' "$@" | jq -R . | jq -s .)" '.process.args = $args'
}

# Every capability, and no other wall that config.json can take down.
walls_down() {
	config '.process.noNewPrivileges = false | .linux.maskedPaths = [] | .linux.readonlyPaths = []
		| ($names | split("\n")) as $caps
		| .process.capabilities = {bounding: $caps, permitted: $caps, effective: $caps, inheritable: $caps, ambient: []}' \
		--arg names "$(capability_names)"
}

capability_names() {
	capsh --print | sed -n 's/^Bounding set =//p' | tr , '\n' | tr '[:lower:]' '[:upper:]'
}
