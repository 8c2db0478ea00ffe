# shellcheck shell=bash
# The smallest image that has a shell.

# A tree with the static busybox, its applets, and the users root, daemon, user (1000) and nobody, in the directory $1.
make_busybox_tree() {
	local tree=$1
	mkdir -p "$tree"/{bin,dev,etc,home/user,proc,root,run,sys,tmp,usr/bin,var}
	chmod 1777 "$tree/tmp"
	cp "$(command -v busybox)" "$tree/bin/busybox"
	# One program for all of them: there are hundreds, and each test makes its tree. Perl is in every Debian.
	busybox --list | grep -vx busybox | perl -e '
		for my $applet (<STDIN>) { chomp $applet; symlink("busybox", "$ARGV[0]/$applet") or die "$applet: $!\n" }' "$tree/bin"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh daemon:x:1:1::/: user:x:1000:1000::/home/user:/bin/sh \
		nobody:x:65534:65534::/:/bin/false >"$tree/etc/passwd"
	printf '%s\n' root:x:0: daemon:x:1: adm:x:4:user user:x:1000: extra:x:2000: nogroup:x:65534: >"$tree/etc/group"
	((EUID)) || chown -R 1000:1000 "$tree/home/user"
}
