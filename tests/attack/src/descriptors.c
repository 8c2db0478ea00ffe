/*
 * `descriptors N` opens files until it has N or may have no more, and prints how many and why it
 * stopped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	long wanted = argc == 2 ? strtol(argv[1], NULL, 10) : 0, have = 3;

	while (have < wanted && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		have++;
	printf("%ld: %s\n", have, have < wanted ? strerrorname_np(errno) : "succeeded");
	return have < wanted;
}
