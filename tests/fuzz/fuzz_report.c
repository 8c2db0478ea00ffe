/*
 * What a helper that an archive has taken over may report: the first byte chooses whether it lists
 * an outer archive or unpacks a layer. Ranges stay inside the archive, lines stay JSON.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/strv.h"
#include "image/index.h"
#include "image/records.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARCHIVE_SIZE = 100000 };

static void list(const struct buf *frames)
{
	static const char *const paths[] = {
		"manifest.json", "index.json", "a", "b/../a", "", "/"
	};
	struct index index = { .archive_size = ARCHIVE_SIZE };
	struct report_sum sum;
	bool told;

	error_free(report_parse(frames, index_add, &index, &sum, &told));
	index_sort(&index);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		uint64_t offset, length;
		struct error *err = index_find(&index, paths[i], &offset, &length);

		assert(err || (offset <= ARCHIVE_SIZE && length <= ARCHIVE_SIZE - offset));
		error_free(err);
	}
	index_done(&index);
}

static void assert_json_lines(const struct buf *b)
{
	char **lines autostrv = strv_split(buf_text(b), '\n');

	for (size_t i = 0; lines[i] && *lines[i]; i++) {
		json_t *value autojson = NULL;
		struct error *err = json_parse(lines[i], strlen(lines[i]), &value);

		assert(!err);
		assert(json_is_string(json_object_get(value, "path")));
	}
}

static void unpack(const struct buf *frames)
{
	struct records records autorecords = RECORDS_NONE;
	struct report_sum sum;
	bool told;
	struct error *err = report_parse(frames, records_add, &records, &sum, &told);

	if (!err) {
		assert_json_lines(&records.devices);
		assert_json_lines(&records.owners);
	}
	error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf frames autobuf = BUF_MAX(1 << 20);
	struct error *err;

	if (!size)
		return 0;
	err = buf_add(&frames, data + 1, size - 1);
	assert(!err);
	if (data[0] & 1)
		list(&frames);
	else
		unpack(&frames);
	return 0;
}
