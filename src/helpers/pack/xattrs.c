#include "helpers/pack/xattrs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/str.h"

#include "base/banned.h"

#define CAPABILITY_XATTR "security.capability"

void xattrs_done(struct xattrs *x)
{
	for (size_t i = 0; i < x->n; i++) {
		free(x->list[i].name);
		free(x->list[i].value);
	}
	free(x->list);
}
static bool is_kept(const char *name)
{
	return strcmp(name, CAPABILITY_XATTR) == 0 ||
	       (str_has_prefix(name, "user.") && !str_has_prefix(name, "user.overlay."));
}

/*
 * Capabilities of the container's own root are those of any root: version 2 of the attribute. Those
 * of a root inside, of a user namespace of the container's, mean nothing elsewhere, and would be
 * more than they were without the id that bounds them (capabilities(7)).
 */
static bool is_portable(const char *name, char *value, size_t *size)
{
	struct vfs_cap {
		uint32_t magic, words[4], root_id;
	} cap;

	if (strcmp(name, CAPABILITY_XATTR) != 0)
		return true;
	if (*size == sizeof(cap)) {
		memcpy(&cap, value, sizeof(cap));
		if (cap.root_id != 0)
			return false;
		cap.magic = (cap.magic & 0x00ffffffU) | 0x02000000U;
		*size = 20;
		memcpy(value, &cap, *size);
	}
	return *size == 20;
}

static struct error *add_xattr(int fd, const char *name, size_t most, struct xattrs *x)
{
	char *value autofree = alloc_zeroed(most, 1);
	ssize_t n = fgetxattr(fd, name, value, most);
	size_t size = (size_t)n;

	if (n < 0 && (errno == ENODATA || errno == EOVERFLOW)) /* gone, or of no id of ours */
		return NULL;
	if (n < 0)
		return error_sys("read %s", name);
	if (!is_portable(name, value, &size))
		return NULL;
	x->bytes += strlen(name) + size;
	if (x->bytes > most)
		return error_new(ERROR_LIMIT, "more than %zu bytes of extended attributes", most);
	x->list = alloc_resize(x->list, x->n + 1, sizeof(*x->list));
	x->list[x->n++] = (struct tar_xattr){
		.name = alloc_string(name),
		.value = alloc_resize(take(value), size ? size : 1, 1),
		.size = size,
	};
	return NULL;
}

static int compare_xattrs(const void *a, const void *b)
{
	return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

struct error *xattrs_read(int fd, size_t most, struct xattrs *x)
{
	char *names autofree = NULL;
	ssize_t n = flistxattr(fd, NULL, 0);

	if (n == 0 || (n < 0 && errno == ENOTSUP)) /* nearly always */
		return NULL;
	names = alloc_zeroed(XATTR_LIST_MAX + 1, 1);
	n = flistxattr(fd, names, XATTR_LIST_MAX);
	if (n < 0)
		return error_sys("list extended attributes");
	for (const char *name = names; name < names + n; name += strlen(name) + 1)
		if (is_kept(name))
			TRY(add_xattr(fd, name, most, x));
	if (x->n)
		qsort(x->list, x->n, sizeof(*x->list), compare_xattrs);
	return NULL;
}
