# shellcheck shell=bash
# Debian's docker-registry on loopback, with a misbehaving proxy (registry.py) before it where a test wants one. What a
# test starts ends with it: registry_teardown.

registry_py=$tests_lib/registry.py

registry_setup() {
	engine_setup
	export DOCKER_CONFIG=$engine/docker
	unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
	servers=()
}

registry_teardown() {
	local pid
	for pid in "${servers[@]}"; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	engine_teardown
}

# Starts docker-registry; further arguments are lines of its configuration. $registry becomes host:port.
registry_start() {
	local config=$engine/registry.yml port
	# A port that was free a moment ago; where somebody else takes it, another one.
	for _ in 1 2 3 4 5; do
		port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
		cat >"$config" <<-END
			version: 0.1
			log: {level: error, accesslog: {disabled: true}}
			storage: {filesystem: {rootdirectory: $engine/registry}, delete: {enabled: true}}
			http:
			  addr: 127.0.0.1:$port
			  secret: secret
		END
		printf '%s\n' "$@" >>"$config"
		docker-registry serve "$config" >"$engine/registry.log" 2>&1 3>&- &
		servers+=($!)
		registry=127.0.0.1:$port
		wait_for 10 registry_listens "$port" "$!" && return
	done
	cat "$engine/registry.log" >&2
	return 1
}

registry_listens() {
	kill -0 "$2" && (exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Puts a proxy before $registry; $registry is the proxy from then on. Further arguments: certificate and key.
front_start() {
	rules '[]'
	: >"$engine/front.log"
	python3 "$registry_py" front "$engine/front.log" "$engine/rules.json" "$registry" "$@" >"$engine/front.port" 2>"$engine/front.err" 3>&- &
	servers+=($!)
	wait_for 10 test -s "$engine/front.port"
	# shellcheck disable=SC2034 # of the tests
	behind=$registry
	registry=127.0.0.1:$(<"$engine/front.port")
}

# What the proxy does from now on.
rules() {
	printf '%s\n' "$1" >"$engine/rules.new"
	mv "$engine/rules.new" "$engine/rules.json"
}

# How many requests the proxy has seen that match an extended regular expression.
requests() {
	grep -Ec "$1" "$engine/front.log" || true
}

# An image of two gzip layers in the registry, as x/app:1 and, by name, in $image; the store is empty after it.
push_app() {
	image=$registry/x/app:1
	small_archive "$engine/app.tar" app:1
	bulkhead load -q -i "$engine/app.tar" >/dev/null
	bulkhead tag app:1 "$image"
	bulkhead push -q "$image" >/dev/null
	bulkhead rmi -f "$(bulkhead images -q --no-trunc "$image")" >/dev/null
	store_is_empty
}

# An OCI archive $1 of an image $2 with two layers; more than a megabyte that does not compress is in the second.
small_archive() {
	local lower=$BATS_FILE_TMPDIR/lower.tar upper=$BATS_FILE_TMPDIR/upper.tar tree
	if [[ ! -f $upper ]]; then
		tree=$(mktemp -d "$BATS_FILE_TMPDIR/tree.XXXXXX")
		make_busybox_tree "$tree"
		tar -C "$tree" --numeric-owner -cf "$lower" .
		rm -rf "$tree"
		mkdir -p "$tree/srv"
		openssl enc -aes-128-ctr -pass pass:seed -nosalt -pbkdf2 </dev/zero 2>/dev/null | head -c 1500000 >"$tree/srv/data"
		ln "$tree/srv/data" "$tree/srv/link"
		tar -C "$tree" --numeric-owner -cf "$upper" .
	fi
	python3 "$tests_lib/archives.py" oci "$1" "$2" "$lower" "$upper"
}

store_is_empty() {
	local left
	left=$(find "$engine/root"/{layers,blobs/sha256,tmp} -mindepth 1 2>/dev/null)
	[[ -z $left ]] || fail "left in the store: $left"
	[[ -z $(bulkhead images -q) ]]
}
