/* image_import(): an image of one layer, from the tar archive of a root file system. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "image/change.h"
#include "image/commit.h"
#include "image/config.h"
#include "image/reference.h"

#include "base/banned.h"

#define IMPORT_COMMENT "Imported from -"

static struct error *source_of(int fd, struct layer_request *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_sys("examine the archive");
	if (S_ISDIR(st.st_mode))
		return error_new(ERROR_BAD_INPUT, "import: a directory is no archive");
	ret->is_stream = !S_ISREG(st.st_mode);
	ret->source = (struct extent){
		.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0),
		.length = ret->is_stream ? 0 : (uint64_t)st.st_size,
	};
	return ret->source.fd < 0 ? error_sys("copy a descriptor") : NULL;
}

/* The config of the new image, as docker writes it for an import. */
static void fill_config(struct config_file *config, const struct image_import *import,
			const char *diff_id)
{
	const char *comment = import->message ? import->message : IMPORT_COMMENT;

	config->architecture = alloc_string(config_host_architecture());
	config->os = alloc_string("linux");
	config->created = config_now();
	config->comment = alloc_string(comment);
	config->rootfs.type = alloc_string("layers");
	strv_add(&config->rootfs.diff_ids, diff_id);
	config->history = json_pack("[{s:s, s:s}]", "created", config->created, "comment", comment);
}

struct error *image_import(struct image_store *store, int fd, const struct image_import *import,
			   char ret_id[DIGEST_SIZE])
{
	struct making m automaking = MAKING_NONE;

	TRY(making_begin(&m, store, import->reference));
	TRY(change_apply_all(&m.config.config, import->changes));
	TRY(source_of(fd, &m.layer));
	TRY(layer_unpack_all(&m.w, &m.layer, 1, NULL, NULL));
	fill_config(&m.config, import, m.layer.found_diff_id);
	return making_commit(&m, true, ret_id);
}
