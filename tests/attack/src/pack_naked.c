/*
 * The packing of a tree with no wall around it but its own care: no namespaces, no confinement,
 * root. usage: pack_naked tree|diff DIRECTORY >ARCHIVE
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helpers/pack/tree.h"

int main(int argc, char **argv)
{
	int dir = open(argc == 3 ? argv[2] : "", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct output out;
	struct error *err;
	uint64_t entries;

	if (dir < 0) {
		perror("pack_naked");
		return 2;
	}
	output_begin(&out, STDOUT_FILENO);
	err = tree_pack(dir, strcmp(argv[1], "diff") == 0, &tree_limits_default, &out, &entries);
	if (err)
		fprintf(stderr, "%s\n", error_message(err));
	_exit(err ? 1 : 0);
}
