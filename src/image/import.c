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

/* The config of the new image, as docker writes it for an import; the caller frees. */
static char *config_text(struct config_file *config, const struct image_import *import,
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
	return json_encode_text(&config_file_type, config);
}

struct importing {
	struct work w;
	struct layer_request layer;
	struct config_file config;
	char **names;
};

static void importing_done(struct importing *i)
{
	extent_done(&i->layer.source);
	config_file_done(&i->config);
	strv_free(i->names);
	work_end(&i->w);
}
#define autoimporting __attribute__((cleanup(importing_done)))

static struct error *record(struct importing *i, const struct image_import *import,
			    char ret_id[DIGEST_SIZE])
{
	char *text autofree = config_text(&i->config, import, i->layer.found_diff_id);
	const struct commit c = {
		.config = text,
		.config_length = strlen(text),
		.diff_ids = i->config.rootfs.diff_ids,
		.names = i->names,
	};

	return commit_unpacked(&i->w, &c, &i->layer, ret_id);
}

struct error *image_import(struct image_store *store, int fd, const struct image_import *import,
			   char ret_id[DIGEST_SIZE])
{
	struct importing i autoimporting = {
		.w = WORK_NONE,
		.layer = { .source = EXTENT_NONE, .directory = "layer" },
	};
	char *name = NULL;

	if (import->reference) {
		TRY(image_reference_parse(import->reference, &name));
		strv_add_owned(&i.names, name);
	}
	TRY(change_apply_all(&i.config.config, import->changes));
	TRY(work_begin(store, &i.w));
	TRY(source_of(fd, &i.layer));
	TRY(layer_unpack_all(&i.w, &i.layer, 1, NULL, NULL));
	return record(&i, import, ret_id);
}
