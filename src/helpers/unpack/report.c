#include "helpers/unpack/report.h"

#include <sys/sysmacros.h>

#include "base/msg.h"

#include "base/banned.h"

static struct error *put_numbers(struct buf *payload, const uint64_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		TRY(msg_put_u64(payload, numbers[i]));
	return NULL;
}

static struct error *send(struct report *r, enum unpack_report type, const struct buf *payload)
{
	return error_wrap(msg_write(r->fd, type, buf_text(payload), payload->length), "report");
}

static struct error *count(uint64_t *n, uint64_t max, const char *what)
{
	if (++*n > max)
		return error_new(ERROR_LIMIT, "the archive has more than %ju %s", (uintmax_t)max,
				 what);
	return NULL;
}

struct error *report_entry(struct report *r, const struct report_entry *entry)
{
	struct buf payload autobuf = BUF_MAX(UNPACK_PAYLOAD_MAX);
	const uint64_t numbers[] = { entry->type, entry->size, entry->offset };

	TRY(count(&r->n_entries, UNPACK_INDEX_MAX, "entries"));
	TRY(msg_put_text(&payload, entry->name));
	TRY(put_numbers(&payload, numbers, 3));
	TRY(msg_put_text(&payload, entry->link));
	return send(r, UNPACK_ENTRY, &payload);
}

struct error *report_device(struct report *r, const struct report_device *d)
{
	struct buf payload autobuf = BUF_MAX(UNPACK_PAYLOAD_MAX);
	const uint64_t numbers[] = { d->mode, major(d->device), minor(d->device), d->uid, d->gid };

	TRY(count(&r->n_devices, UNPACK_DEVICES_MAX, "device nodes"));
	TRY(msg_put_text(&payload, d->path));
	TRY(put_numbers(&payload, numbers, 5));
	return send(r, UNPACK_DEVICE, &payload);
}

struct error *report_owner(struct report *r, const char *path, uint64_t uid, uint64_t gid)
{
	struct buf payload autobuf = BUF_MAX(UNPACK_PAYLOAD_MAX);
	const uint64_t numbers[] = { uid, gid };

	TRY(count(&r->n_owners, UNPACK_OWNERS_MAX, "files whose owner is over 65535"));
	TRY(msg_put_text(&payload, path));
	TRY(put_numbers(&payload, numbers, 2));
	return send(r, UNPACK_OWNER, &payload);
}

struct error *report_done(struct report *r, uint64_t entries, uint64_t bytes)
{
	struct buf payload autobuf = BUF_MAX(UNPACK_PAYLOAD_MAX);
	const uint64_t numbers[] = { entries, bytes };

	TRY(put_numbers(&payload, numbers, 2));
	return send(r, UNPACK_DONE, &payload);
}

void report_error(struct report *r, struct error *err)
{
	char frame[ERROR_FRAME_MAX];
	size_t length = error_encode(err, frame, sizeof(frame));

	error_free(err);
	error_ignore(msg_write(r->fd, UNPACK_ERROR, frame, length), "nobody listens any more");
}
