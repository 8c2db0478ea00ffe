# shellcheck shell=bash
# Build trees: release (what is installed), asan (tests), clang, and fuzz. All under build/.

build_setup() {
	local tree=$1
	case $tree in
	release) meson setup "build/$tree" ;;
	asan) meson setup "build/$tree" -Db_sanitize=address,undefined -Db_lundef=false ;;
	clang) CC=clang meson setup "build/$tree" ;;
	fuzz) CC=clang meson setup "build/$tree" -Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true ;;
	*) die "no build tree \"$tree\"" ;;
	esac
}

# Configures the tree once and builds it. Its output is kept in build/TREE.log and shown when it fails.
build_tree() {
	local tree=$1 log=build/$1.log
	say "building build/$tree"
	mkdir -p build
	if ! {
		[[ -f build/$tree/build.ninja ]] || build_setup "$tree"
		ninja -C "build/$tree" -j"$(nproc)"
	} >"$log" 2>&1 </dev/null; then
		awk '/FAILED|ERROR|error:/ { seen = 1 } seen && !/^\[[0-9]+\/[0-9]+\]/' "$log" | head -n 100 >&2
		printf 'dev: the build of build/%s failed (%s)\n' "$tree" "$log" >&2
		return 1
	fi
}

dev_build() {
	need_packages build tests
	build_tree release
}

dev_install() {
	local prefix=/usr/local destdir=''
	while (($#)); do
		case $1 in
		--prefix) prefix=${2:?"--prefix needs a directory"} && shift ;;
		--prefix=*) prefix=${1#*=} ;;
		-*) die "install: unknown option $1" ;;
		*) destdir=$1 ;;
		esac
		shift
	done
	need_packages build tests
	# A tree of its own: the prefix is compiled in, and the release tree is not to be rebuilt for it.
	if [[ -f build/install/build.ninja ]]; then
		meson configure build/install -Dprefix="$prefix" >/dev/null
	else
		meson setup build/install -Dprefix="$prefix" >build/install.log || die "see build/install.log"
	fi
	build_tree install
	as_root env DESTDIR="$destdir" meson install -C build/install --no-rebuild
}

dev_fmt() {
	need_packages check
	local files
	mapfile -d '' -t files < <(git ls-files -z --cached --others --exclude-standard '*.c' '*.h')
	tools/wrap_comments.py "${files[@]}"
	clang-format -i "${files[@]}"
}
