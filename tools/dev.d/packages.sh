# shellcheck shell=bash
# Debian packages from tools/packages. A comment line there whose first word is one of these opens a group:
package_groups=(build tests images check bench vm)

# The packages of the named groups, one a line.
packages_of() {
	awk -v known="${package_groups[*]}" -v wanted="$*" '
		BEGIN { split(known, k); for (i in k) is_group[k[i]]; split(wanted, w); for (i in w) is_wanted[w[i]] }
		/^#/ { word = $0; sub(/^# */, "", word); sub(/[^a-z].*/, "", word); if (word in is_group) group = word; next }
		NF && group in is_wanted { print $1 }' "$top/tools/packages"
}

# Which of the packages given as arguments dpkg does not have.
missing_packages() {
	local package
	for package in "$@"; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
	done
}

# Installs what the named groups lack. A machine that has everything is asked nothing.
need_packages() {
	local wanted missing
	command -v dpkg-query >/dev/null || die "Debian's dpkg is not here: install the packages of tools/packages by hand"
	mapfile -t wanted < <(packages_of "$@")
	mapfile -t missing < <(missing_packages "${wanted[@]}")
	((${#missing[@]})) || return 0
	say "installing ${missing[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 update </dev/null ||
		die "apt-get update failed; needed and not installed: ${missing[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 install \
		--no-install-recommends "${missing[@]}" </dev/null ||
		die "apt-get could not install: ${missing[*]}"
}
