/*
 * The unpacking of layers with no wall around it but its own care: no namespaces, no confinement,
 * root. usage: unpack_naked DIRECTORY <ARCHIVE
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helpers/unpack/layer.h"

int main(int argc, char **argv)
{
	struct report report = { .fd = open("/dev/null", O_WRONLY | O_CLOEXEC) };
	int target = open(argc == 2 ? argv[1] : "", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error *err;

	umask(0);
	if (target < 0 || report.fd < 0) {
		perror("unpack_naked");
		return 2;
	}
	err = layer_unpack(STDIN_FILENO, target, &layer_limits_default, &report);
	if (err)
		fprintf(stderr, "%s\n", error_message(err));
	_exit(err ? 1 : 0);
}
