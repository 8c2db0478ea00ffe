/*
 * Frames from a peer: the input is what comes through the pipe. Each frame that is read is taken
 * apart as numbers and texts in turn, as a real receiver does.
 */
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAYLOAD_MAX = 512, TEXT_MAX = 64, PIPE_MAX = 65536 };

static void take_apart(const struct buf *payload)
{
	struct msg_cursor c = msg_begin(payload);

	for (int i = 0;; i++) {
		struct error *err autoerror = NULL;
		char *text autofree = NULL;
		uint64_t number;

		err = i % 2 ? msg_get_text(&c, TEXT_MAX, &text) : msg_get_u64(&c, &number);
		if (err) {
			assert(error_is(err, ERROR_BAD_INPUT));
			break;
		}
		assert(!text || strlen(text) <= TEXT_MAX);
		assert(c.left <= payload->length);
	}
	error_ignore(msg_end(&c), "most inputs have bytes too many");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf payload autobuf = BUF_MAX(PAYLOAD_MAX);
	int reader autoclose = -1, writer autoclose = -1;
	struct error *err = fd_pipe(&reader, &writer);
	uint32_t type;

	assert(!err);
	if (size > PIPE_MAX) /* what a pipe holds without a reader */
		size = PIPE_MAX;
	err = fd_write_all(writer, data, size);
	assert(!err);
	fd_close(&writer);
	while (!(err = msg_read(reader, &type, &payload))) {
		assert(payload.length <= PAYLOAD_MAX);
		take_apart(&payload);
	}
	assert(error_is(err, ERROR_UNAVAILABLE) || error_is(err, ERROR_BAD_INPUT));
	error_free(err);
	return 0;
}
