/*
 * A bulkhead-unpack that an archive has taken over. It confines itself as the real one does, less
 * the walls that the archive names, does what the archive says, and tells how that went:
 *
 *     ATTACK stream|layer WALLS-LEFT-OUT WHAT ARGUMENT
 *
 * In the other mode it is idle, so that the attack comes from where the line says.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gains.h"
#include "helpers/unpack/report.h"
#include "helpers/unpack/walls.h"

static struct error *run(const char *mode)
{
	bool is_layer = strcmp(mode, "layer") == 0;
	char line[512] = "", where[16] = "", what[16] = "", argument[256] = "";
	unsigned int without = 0;
	struct confine walls = is_layer ? walls_layer : walls_stream;
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);
	const char *text = n > 2 && line[0] == '\x1f' ? line + 2 : line; /* as if it were gzip */

	if (sscanf(text, "ATTACK %15s %u %15s %255s", where, &without, what, argument) != 4)
		return error_new(ERROR_BUG, "no attack in the archive");
	walls.without = without;
	TRY(confine_process(&walls));
	if (strcmp(where, is_layer ? "layer" : "stream") != 0)
		return NULL;
	return gains_try(what, argument);
}

int main(int argc, char **argv)
{
	struct report report = { .fd = UNPACK_FD_REPORT };
	struct error *err = run(argc == 2 ? argv[1] : "");

	if (err)
		report_error(&report, err);
	else
		error_ignore(report_done(&report, 0, 0), "nobody listens");
	_exit(err ? 1 : 0);
}
