/*
 * CVE-2021-30465, a runtime that falls for it: `naive_mount ROOT PATH SOURCE VICTIM ROUNDS` looks
 * whether PATH below ROOT is inside of it once its links are resolved, and then bind-mounts SOURCE
 * there by that name. Between the two the name may have become a link. Ends when it has both
 * refused the link and, later or before, mounted over the directory VICTIM, and prints how often
 * and in which round. In a mount namespace of its own: unshare -m.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long long mount_of(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, 0, STATX_MNT_ID, &st) < 0) {
		perror(path);
		exit(2);
	}
	return st.stx_mnt_id;
}

static int is_inside(const char *root, const char *path)
{
	char resolved[PATH_MAX];
	size_t length = strlen(root);

	return realpath(path, resolved) && strncmp(resolved, root, length) == 0 &&
	       resolved[length] == '/';
}

int main(int argc, char **argv)
{
	long rounds = argc == 6 ? strtol(argv[5], NULL, 10) : 0, refused = 0, fell = 0;
	unsigned long long before;
	char path[PATH_MAX];

	if (rounds <= 0)
		return 2;
	snprintf(path, sizeof(path), "%s/%s", argv[1], argv[2]);
	before = mount_of(argv[4]);
	for (long i = 1; i <= rounds && (!fell || !refused); i++) {
		if (!is_inside(argv[1], path)) {
			refused++;
			continue;
		}
		if (fell || mount(argv[3], path, NULL, MS_BIND, NULL) < 0)
			continue;
		if (mount_of(argv[4]) != before) {
			fell = i;
			continue;
		}
		while (umount2(path, MNT_DETACH) < 0 && i < rounds)
			i++; /* it is the link just now */
	}
	if (fell && refused) {
		printf("fell in round %ld, refused %ld times\n", fell, refused);
		return 0;
	}
	printf(fell ? "never refused\n" : "never fell\n");
	return 1;
}
