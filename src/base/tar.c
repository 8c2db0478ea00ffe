#include "base/tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/banned.h"

#define NAME_SIZE 100
#define PREFIX_SIZE 155
#define PAX_MAX (16 << 20)

struct ustar {
	char name[NAME_SIZE], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char link[NAME_SIZE], magic[6], version[2], owner[32], group[32], major[8], minor[8];
	char prefix[PREFIX_SIZE], rest[12];
};
_Static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is one block");

size_t tar_padding(uint64_t bytes)
{
	return (size_t)((TAR_BLOCK - bytes % TAR_BLOCK) % TAR_BLOCK);
}

static struct error *add_zeroes(struct buf *b, size_t n)
{
	static const char zeroes[2 * TAR_BLOCK];

	return buf_add(b, zeroes, n);
}

struct error *tar_add_end(struct buf *b)
{
	return add_zeroes(b, 2 * TAR_BLOCK);
}

/* ---- pax records ---- */

static size_t digits(size_t n)
{
	size_t count = 1;

	while (n /= 10)
		count++;
	return count;
}

/* "LENGTH key=value\n", the length counting its own digits. */
static struct error *add_record(struct buf *pax, const char *key, const void *value, size_t size)
{
	size_t rest = 1 + strlen(key) + 1 + size + 1, length = rest + digits(rest);

	if (digits(length) != digits(rest))
		length = rest + digits(length);
	TRY(buf_printf(pax, "%zu %s=", length, key));
	TRY(buf_add(pax, value, size));
	return buf_add_text(pax, "\n");
}

static struct error *add_text_record(struct buf *pax, const char *key, const char *value)
{
	return add_record(pax, key, value, strlen(value));
}

static struct error *add_number_record(struct buf *pax, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return add_text_record(pax, key, text);
}

/* Seconds as a decimal fraction, which counts away from zero on either side of it. */
static struct error *add_time_record(struct buf *pax, const struct timespec *t)
{
	bool negative = t->tv_sec < 0;
	uint64_t seconds = negative ? -(uint64_t)t->tv_sec : (uint64_t)t->tv_sec;
	long nanoseconds = t->tv_nsec;
	char text[48];

	if (negative && nanoseconds) {
		seconds--;
		nanoseconds = 1000000000 - nanoseconds;
	}
	if (nanoseconds)
		snprintf(text, sizeof(text), "%s%" PRIu64 ".%09ld", negative ? "-" : "", seconds,
			 nanoseconds);
	else
		snprintf(text, sizeof(text), "%s%" PRIu64, negative ? "-" : "", seconds);
	return add_text_record(pax, "mtime", text);
}

/* ---- the block ---- */

/* Octal digits and a NUL; false: it does not fit, and a pax record has to say it. */
static bool put_number(char *field, size_t size, uint64_t value)
{
	if (value >> (3 * (size - 1))) {
		memset(field, '0', size - 1);
		return false;
	}
	for (size_t i = size - 1; i--; value >>= 3)
		field[i] = (char)('0' + (value & 7));
	return true;
}

/* Whole, or cut at a '/' into prefix and name. */
static bool put_name(struct ustar *u, const char *path)
{
	size_t length = strlen(path);

	if (length > NAME_SIZE)
		for (size_t i = length - NAME_SIZE - 1; i < length && i <= PREFIX_SIZE; i++)
			if (path[i] == '/' && i && path[i + 1]) {
				memcpy(u->prefix, path, i);
				memcpy(u->name, path + i + 1, length - i - 1);
				return true;
			}
	memcpy(u->name, path, length < NAME_SIZE ? length : NAME_SIZE);
	return length <= NAME_SIZE;
}

static bool put_link(struct ustar *u, const char *link)
{
	size_t length = strlen(link);

	memcpy(u->link, link, length < NAME_SIZE ? length : NAME_SIZE);
	return length <= NAME_SIZE;
}

static void put_checksum(struct ustar *u)
{
	const unsigned char *bytes = (const unsigned char *)u;
	uint64_t sum = 0;

	memset(u->checksum, ' ', sizeof(u->checksum));
	for (size_t i = 0; i < sizeof(*u); i++)
		sum += bytes[i];
	put_number(u->checksum, sizeof(u->checksum) - 1, sum);
	u->checksum[sizeof(u->checksum) - 2] = '\0';
}

static char type_of(const struct tar_entry *e)
{
	if (e->is_hard_link)
		return '1';
	switch (e->mode & S_IFMT) {
	case S_IFREG:
		return '0';
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFDIR:
		return '5';
	case S_IFIFO:
		return '6';
	default:
		return 0;
	}
}

static void begin(struct ustar *u, char type)
{
	*u = (struct ustar){ .type = type, .version = { '0', '0' } };
	memcpy(u->magic, "ustar", sizeof(u->magic));
}

/* The records in an entry of their own, which is about the one that follows. */
static struct error *add_pax(struct buf *b, const struct buf *pax)
{
	struct ustar u;

	if (!pax->length)
		return NULL;
	begin(&u, 'x');
	memcpy(u.name, "PaxHeaders/entry", sizeof("PaxHeaders/entry"));
	put_number(u.mode, sizeof(u.mode), 0644);
	put_number(u.uid, sizeof(u.uid), 0);
	put_number(u.gid, sizeof(u.gid), 0);
	put_number(u.mtime, sizeof(u.mtime), 0);
	put_number(u.size, sizeof(u.size), pax->length);
	put_checksum(&u);
	TRY(buf_add(b, &u, sizeof(u)));
	TRY(buf_add(b, pax->data, pax->length));
	return add_zeroes(b, tar_padding(pax->length));
}

static struct error *put_ids_and_time(struct ustar *u, struct buf *pax, const struct tar_entry *e)
{
	bool whole = e->mtime.tv_sec >= 0 && !e->mtime.tv_nsec;

	put_number(u->mode, sizeof(u->mode), e->mode & 07777);
	if (!put_number(u->uid, sizeof(u->uid), e->uid))
		TRY(add_number_record(pax, "uid", e->uid));
	if (!put_number(u->gid, sizeof(u->gid), e->gid))
		TRY(add_number_record(pax, "gid", e->gid));
	if (!put_number(u->mtime, sizeof(u->mtime),
			e->mtime.tv_sec > 0 ? (uint64_t)e->mtime.tv_sec : 0) ||
	    !whole)
		TRY(add_time_record(pax, &e->mtime));
	return NULL;
}

static struct error *put_names(struct ustar *u, struct buf *pax, const struct tar_entry *e)
{
	char *path autofree =
		alloc_printf("%s%s", e->path, S_ISDIR(e->mode) && !e->is_hard_link ? "/" : "");
	char *stand_in autofree = alloc_printf("GNUSparseFile.0/%s", e->path);

	if (e->is_sparse) {
		put_name(u, stand_in);
		TRY(add_text_record(pax, "GNU.sparse.name", path));
	} else if (!put_name(u, path)) {
		TRY(add_text_record(pax, "path", path));
	}
	if (e->link && !put_link(u, e->link))
		TRY(add_text_record(pax, "linkpath", e->link));
	return NULL;
}

static struct error *add_xattr_records(struct buf *pax, const struct tar_entry *e)
{
	for (size_t i = 0; i < e->n_xattrs; i++) {
		char *key autofree = alloc_printf("SCHILY.xattr.%s", e->xattrs[i].name);

		if (strchr(key, '=')) /* it would end the key there */
			continue;
		TRY(add_record(pax, key, e->xattrs[i].value, e->xattrs[i].size));
	}
	return NULL;
}

/* ---- sparse files ---- */

/* "N\noffset\nlength\n…" in whole blocks; the end of the file is an extent of nothing. */
static struct error *make_map(struct buf *map, const struct tar_entry *e, uint64_t *ret_bytes)
{
	*ret_bytes = 0;
	TRY(buf_printf(map, "%zu\n", e->n_extents + 1));
	for (size_t i = 0; i < e->n_extents; i++) {
		TRY(buf_printf(map, "%" PRIu64 "\n%" PRIu64 "\n", e->extents[i].offset,
			       e->extents[i].length));
		*ret_bytes += e->extents[i].length;
	}
	TRY(buf_printf(map, "%" PRIu64 "\n0\n", e->size));
	return add_zeroes(map, tar_padding(map->length));
}

static struct error *add_sparse_records(struct buf *pax, const struct tar_entry *e)
{
	TRY(add_text_record(pax, "GNU.sparse.major", "1"));
	TRY(add_text_record(pax, "GNU.sparse.minor", "0"));
	return add_number_record(pax, "GNU.sparse.realsize", e->size);
}

static struct error *check(const struct tar_entry *e)
{
	if (!type_of(e))
		return error_new(ERROR_BAD_INPUT, "%s: a socket cannot be in a tar archive",
				 e->path);
	if (!*e->path || e->path[0] == '/' || (type_of(e) < '3' && type_of(e) > '0' && !e->link))
		return error_new(ERROR_BUG, "\"%s\" is no entry of a tar archive", e->path);
	return NULL;
}

struct error *tar_add_header(struct buf *b, const struct tar_entry *e, uint64_t *ret_bytes)
{
	struct buf pax autobuf = BUF_MAX(PAX_MAX), map autobuf = BUF_MAX(b->max);
	uint64_t bytes = S_ISREG(e->mode) && !e->is_hard_link ? e->size : 0;
	uint64_t stored;
	struct ustar u;

	TRY(check(e));
	begin(&u, type_of(e));
	if (e->is_sparse)
		TRY(make_map(&map, e, &bytes));
	stored = bytes + map.length;
	TRY(put_names(&u, &pax, e));
	TRY(put_ids_and_time(&u, &pax, e));
	if (!put_number(u.size, sizeof(u.size), stored))
		TRY(add_number_record(&pax, "size", stored));
	put_number(u.major, sizeof(u.major), major(e->device));
	put_number(u.minor, sizeof(u.minor), minor(e->device));
	if (e->is_sparse)
		TRY(add_sparse_records(&pax, e));
	TRY(add_xattr_records(&pax, e));
	put_checksum(&u);
	TRY(add_pax(b, &pax));
	TRY(buf_add(b, &u, sizeof(u)));
	if (map.length)
		TRY(buf_add(b, map.data, map.length));
	*ret_bytes = bytes;
	return NULL;
}
