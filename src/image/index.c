#include "image/index.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/path.h"
#include "base/unpack.h"

#include "base/banned.h"

#define LINKS_MAX 8

struct index_entry {
	char *name; /* clean: no leading '/', no "." */
	enum unpack_entry_type type;
	uint64_t size, offset;
	char *link;
	size_t order; /* the later of two of one name wins */
};

void index_done(struct index *index)
{
	for (size_t i = 0; i < index->n_entries; i++) {
		free(index->entries[i].name);
		free(index->entries[i].link);
	}
	free(index->entries);
	*index = (struct index){ 0 };
}

struct error *index_add(void *data, uint32_t type, const struct buf *payload)
{
	struct index *index = data;
	struct msg_cursor c = msg_begin(payload);
	char *name autofree = NULL, *link autofree = NULL, *clean autofree = NULL;
	uint64_t kind, size, offset;

	if (type != UNPACK_ENTRY || index->n_entries == UNPACK_INDEX_MAX)
		return error_new(ERROR_BAD_INPUT, "a frame of type %u", type);
	TRY(msg_get_text(&c, PATH_MAX, &name));
	TRY(msg_get_u64(&c, &kind));
	TRY(msg_get_u64(&c, &size));
	TRY(msg_get_u64(&c, &offset));
	TRY(msg_get_text(&c, PATH_MAX, &link));
	TRY(msg_end(&c));
	if (kind < UNPACK_FILE || kind > UNPACK_OTHER || offset > index->archive_size ||
	    size > index->archive_size - offset)
		return error_new(ERROR_BAD_INPUT, "the archive ends early");
	if (index->n_entries == index->entries_size) {
		index->entries_size = index->entries_size ? 2 * index->entries_size : 64;
		index->entries =
			alloc_resize(index->entries, index->entries_size, sizeof(*index->entries));
	}
	clean = path_normalize(name);
	index->entries[index->n_entries] = (struct index_entry){
		.name = alloc_string(clean + 1),
		.type = (enum unpack_entry_type)kind,
		.size = size,
		.offset = offset,
		.link = take(link),
		.order = index->n_entries,
	};
	index->n_entries++;
	return NULL;
}

static int compare_entries(const void *left, const void *right)
{
	const struct index_entry *a = left, *b = right;
	int names = strcmp(a->name, b->name);

	return names ? names : a->order < b->order ? -1 : a->order > b->order;
}

void index_sort(struct index *index)
{
	if (index->n_entries)
		qsort(index->entries, index->n_entries, sizeof(*index->entries), compare_entries);
}

static const struct index_entry *look_up(const struct index *index, const char *name)
{
	size_t low = 0, high = index->n_entries;

	while (low < high) { /* the end of the run of that name: the last one */
		size_t middle = low + (high - low) / 2;

		if (strcmp(index->entries[middle].name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && strcmp(index->entries[low - 1].name, name) == 0 ? &index->entries[low - 1]
								      : NULL;
}

/* Where the link @e leads, as a clean name. Symbolic links are relative to their directory. */
static char *link_target(const struct index_entry *e)
{
	const char *last = path_last(e->name);
	char *joined autofree = NULL, *clean autofree = NULL;

	if (e->type == UNPACK_SYMLINK && *e->link != '/')
		joined = alloc_printf("%.*s/%s", (int)(last - e->name), e->name, e->link);
	else
		joined = alloc_string(e->link);
	clean = path_normalize(joined);
	return alloc_string(clean + 1);
}

struct error *index_find(const struct index *index, const char *path, uint64_t *ret_offset,
			 uint64_t *ret_size)
{
	char *clean autofree = path_normalize(path);
	char *name autofree = alloc_string(clean + 1);
	const struct index_entry *e = look_up(index, name);

	for (int links = 0; e && (e->type == UNPACK_SYMLINK || e->type == UNPACK_HARD_LINK);) {
		if (++links > LINKS_MAX)
			return error_new(ERROR_BAD_INPUT, "%s: too many links", path);
		free(name);
		name = link_target(e);
		e = look_up(index, name);
	}
	if (!e || e->type != UNPACK_FILE)
		return error_new(ERROR_NOT_FOUND, "%s: not in the archive", path);
	*ret_offset = e->offset;
	*ret_size = e->size;
	return NULL;
}
