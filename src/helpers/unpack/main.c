/*
 * bulkhead-unpack: reads untrusted archives. It is started in namespaces of its own by its caller,
 * gives up everything else here, and only then looks at the first byte. What the modes are is in
 * base/unpack.h.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "helpers/unpack/decompress.h"
#include "helpers/unpack/index.h"
#include "helpers/unpack/layer.h"
#include "helpers/unpack/walls.h"

#include "base/banned.h"

static struct error *run_decompress(struct report *report)
{
	uint64_t bytes;

	TRY(decompress(UNPACK_FD_ARCHIVE, UNPACK_FD_PLAIN, &bytes));
	return report_done(report, 0, bytes);
}

static struct error *run_index(struct report *report)
{
	return index_archive(UNPACK_FD_ARCHIVE, report);
}

static struct error *run_layer(struct report *report)
{
	return layer_unpack(UNPACK_FD_ARCHIVE, UNPACK_FD_TARGET, &layer_limits_default, report);
}

static const struct mode {
	const char *name;
	const struct confine *confinement;
	struct error *(*run)(struct report *report);
} modes[] = {
	{ "decompress", &walls_stream, run_decompress },
	{ "index", &walls_stream, run_index },
	{ "layer", &walls_layer, run_layer },
};

static struct error *run_mode(const char *name, struct report *report)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(modes[i].name, name) != 0)
			continue;
		TRY(confine_process(modes[i].confinement));
		return modes[i].run(report);
	}
	return error_new(ERROR_BUG, "bulkhead-unpack: no mode \"%s\"", name);
}

int main(int argc, char **argv)
{
	struct report report = { .fd = UNPACK_FD_REPORT };
	struct error *err;

	umask(0);
	log_setup(UNPACK_PROGRAM, false);
	err = run_mode(argc == 2 ? argv[1] : "", &report);
	if (err)
		report_error(&report, err);
	_exit(err ? 1
		  : 0); /* nothing is left to flush; a leak check would need what is closed now */
}
