#include "helpers/unpack/index.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "helpers/unpack/input.h"

#include "base/banned.h"

static enum unpack_entry_type type_of(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return UNPACK_HARD_LINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return UNPACK_FILE;
	case AE_IFDIR:
		return UNPACK_DIRECTORY;
	case AE_IFLNK:
		return UNPACK_SYMLINK;
	default:
		return UNPACK_OTHER;
	}
}

static const char *link_of(struct archive_entry *entry, enum unpack_entry_type type)
{
	const char *link = type == UNPACK_HARD_LINK ? archive_entry_hardlink(entry)
			   : type == UNPACK_SYMLINK ? archive_entry_symlink(entry)
						    : NULL;

	return link ? link : "";
}

/* libarchive tells the place of the bytes only once it has begun to give them. */
static struct error *find_bytes(struct input *in, uint64_t *ret_offset)
{
	const void *data;
	size_t length;
	int64_t offset;

	TRY(input_data(in, &data, &length, &offset));
	*ret_offset = input_position(in);
	return NULL;
}

static struct error *list_entry(struct input *in, struct archive_entry *entry,
				struct report *report)
{
	struct report_entry e = { .name = archive_entry_pathname(entry), .type = type_of(entry) };
	int64_t size = e.type == UNPACK_FILE ? archive_entry_size(entry) : 0;

	e.link = link_of(entry, e.type);
	if (!e.name || strlen(e.name) >= PATH_MAX || strlen(e.link) >= PATH_MAX)
		return error_new(ERROR_LIMIT, "the archive has a name longer than %d bytes",
				 PATH_MAX);
	if (archive_entry_sparse_count(entry) > 0)
		return error_new(ERROR_UNSUPPORTED, "%s: stored as a sparse file", e.name);
	if (size > 0)
		TRY(find_bytes(in, &e.offset));
	e.size = (uint64_t)size;
	return report_entry(report, &e);
}

struct error *index_archive(int archive, struct report *report)
{
	struct input *in autoinput = NULL;
	struct archive_entry *entry;

	TRY(input_open(archive, &in));
	for (;;) {
		TRY(input_next(in, &entry));
		if (!entry)
			break;
		TRY(list_entry(in, entry, report));
	}
	return report_done(report, report->n_entries, 0);
}
