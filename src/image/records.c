#include "image/records.h"

#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/msg.h"
#include "base/path.h"
#include "base/unpack.h"

#include "base/banned.h"

void records_done(struct records *r)
{
	buf_done(&r->devices);
	buf_done(&r->owners);
}

/* The next @n numbers, which no archive has larger than 32 bits. */
static struct error *get_numbers(struct msg_cursor *c, uint64_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		TRY(msg_get_u64(c, &numbers[i]));
		if (numbers[i] > UINT32_MAX)
			return error_new(ERROR_BAD_INPUT, "a number of %ju", (uintmax_t)numbers[i]);
	}
	return NULL;
}

static struct error *add_device(struct buf *b, struct msg_cursor *c)
{
	uint64_t n[5]; /* mode, major, minor, uid, gid */

	TRY(get_numbers(c, n, 5));
	return buf_printf(b,
			  ",\"type\":\"%s\",\"mode\":%ju,\"major\":%ju,\"minor\":%ju,\"uid\":%ju,"
			  "\"gid\":%ju}\n",
			  S_ISBLK((mode_t)n[0]) ? "b" : "c", (uintmax_t)(n[0] & 07777),
			  (uintmax_t)n[1], (uintmax_t)n[2], (uintmax_t)n[3], (uintmax_t)n[4]);
}

static struct error *add_owner(struct buf *b, struct msg_cursor *c)
{
	uint64_t n[2];

	TRY(get_numbers(c, n, 2));
	return buf_printf(b, ",\"uid\":%ju,\"gid\":%ju}\n", (uintmax_t)n[0], (uintmax_t)n[1]);
}

struct error *records_add(void *data, uint32_t type, const struct buf *payload)
{
	struct records *r = data;
	struct buf *b = type == UNPACK_DEVICE ? &r->devices : &r->owners;
	struct msg_cursor c = msg_begin(payload);
	char *path autofree = NULL;

	if (type != UNPACK_DEVICE && type != UNPACK_OWNER)
		return error_new(ERROR_BAD_INPUT, "a frame of type %u", type);
	TRY(msg_get_text(&c, UNPACK_PAYLOAD_MAX, &path));
	TRY(buf_add_text(b, "{\"path\":"));
	TRY(json_add_quoted(b, path, strlen(path)));
	TRY(type == UNPACK_DEVICE ? add_device(b, &c) : add_owner(b, &c));
	return msg_end(&c);
}

struct error *records_write(int dir, const struct records *r)
{
	if (r->devices.length)
		TRY(path_replace(dir, "devices", r->devices.data, r->devices.length, 0600, false));
	if (r->owners.length)
		TRY(path_replace(dir, "owners", r->owners.data, r->owners.length, 0600, false));
	return NULL;
}
