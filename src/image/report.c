#include "image/report.h"

#include <string.h>

#include "base/msg.h"
#include "base/unpack.h"

#include "base/banned.h"

/* The next frame of the report, bounded as base/msg.h bounds what it reads from a descriptor. */
static struct error *next_frame(const struct buf *frames, size_t *at, uint32_t *ret_type,
				struct buf *payload)
{
	struct msg_head head;

	if (frames->length - *at < sizeof(head))
		return error_new(ERROR_BAD_INPUT, "it ends early");
	memcpy(&head, frames->data + *at, sizeof(head));
	*at += sizeof(head);
	if (head.length > payload->max || head.length > frames->length - *at)
		return error_new(ERROR_BAD_INPUT, "a frame of %u bytes", head.length);
	buf_consume(payload, payload->length);
	TRY(buf_add(payload, frames->data + *at, head.length));
	*at += head.length;
	*ret_type = head.type;
	return NULL;
}

static struct error *read_sum(const struct buf *payload, struct report_sum *ret)
{
	struct msg_cursor c = msg_begin(payload);

	TRY(msg_get_u64(&c, &ret->entries));
	TRY(msg_get_u64(&c, &ret->bytes));
	return msg_end(&c);
}

struct error *report_parse(const struct buf *frames, report_record *record, void *data,
			   struct report_sum *ret_sum, bool *ret_told)
{
	struct buf payload autobuf = BUF_MAX(UNPACK_PAYLOAD_MAX);
	uint32_t type = 0;
	size_t at = 0;

	*ret_told = false;
	for (;;) {
		TRY(next_frame(frames, &at, &type, &payload));
		if (type == UNPACK_ERROR) {
			*ret_told = true;
			return error_decode(buf_text(&payload), payload.length);
		}
		if (type == UNPACK_DONE)
			break;
		if (!record)
			return error_new(ERROR_BAD_INPUT, "a frame of type %u", type);
		TRY(record(data, type, &payload));
	}
	TRY(read_sum(&payload, ret_sum));
	return at == frames->length ? NULL : error_new(ERROR_BAD_INPUT, "more after its end");
}
