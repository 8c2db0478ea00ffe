/* image_export(): the files of a container as a tar archive. */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/pack.h"

#include "base/banned.h"

#define PIECE (512 << 10)

static struct error *copy(int in, int out)
{
	char *buffer autofree = alloc_zeroed(PIECE, 1);
	ssize_t n;

	for (;;) {
		do
			n = read(in, buffer, PIECE);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return error_sys("read the files");
		if (n == 0)
			return NULL;
		TRY(fd_write_all(out, buffer, (size_t)n));
	}
}

struct error *image_export(struct image_store *store, const struct image *image, int upper, int out)
{
	struct sandbox s autosandbox = SANDBOX_NONE;
	int layers[IMAGE_LAYERS_MAX], view autoclose = -1, stream autoclose = -1;
	struct error *err;
	size_t n;

	TRY(image_open_layers(store, image, layers, IMAGE_LAYERS_MAX, &n));
	err = pack_view(store, layers, n, upper, &view);
	while (n)
		fd_close(&layers[--n]);
	TRY(err);
	TRY(pack_start(&s, "tree", view, &stream));
	fd_close(&view);
	TRY(copy(stream, out));
	return sandbox_finish(&s, NULL, NULL, NULL);
}
