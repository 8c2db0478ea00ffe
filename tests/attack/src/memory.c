/*
 * `memory MIB` takes so much memory, page by page, and says so. What takes it away sends SIGKILL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	long wanted = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	for (long have = 0; have < wanted; have++) {
		char *piece = malloc(1 << 20);

		if (!piece) {
			printf("%ld: no memory\n", have);
			return 1;
		}
		memset(piece, 1, 1 << 20);
	}
	printf("%ld: succeeded\n", wanted);
	return 0;
}
