/*
 * Maps of ids in each of their forms. From the bytes, three numbers a line: a config.json with that
 * map, which is accepted exactly where the kernel would take it (user_namespaces(7)); and as text:
 * subuid(5) and /proc/PID/uid_map.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/idrange.h"
#include "base/strv.h"
#include "base/userns.h"
#include "config/config.h"

#include "base/banned.h"

#define LINES_MAX 400
#define LINE_BYTES (3 * sizeof(uint32_t))
#define KERNEL_LINES_MAX 340

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool apart(uint64_t a, uint64_t n_a, uint64_t b, uint64_t n_b)
{
	return a + n_a <= b || b + n_b <= a;
}

/* kernel/user_namespace.c, map_write(). */
static bool kernel_takes(const uint32_t (*map)[3], size_t n)
{
	if (n > KERNEL_LINES_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!map[i][2] || (uint64_t)map[i][0] + map[i][2] > UINT32_MAX ||
		    (uint64_t)map[i][1] + map[i][2] > UINT32_MAX)
			return false;
		for (size_t k = 0; k < i; k++)
			if (!apart(map[i][0], map[i][2], map[k][0], map[k][2]) ||
			    !apart(map[i][1], map[i][2], map[k][1], map[k][2]))
				return false;
	}
	return true;
}

static struct error *config_of(const uint32_t (*map)[3], size_t n, struct buf *ret)
{
	TRY(buf_printf(ret, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":{"
			    "\"namespaces\":[{\"type\":\"user\"}],\"gidMappings\":[{"
			    "\"containerID\":0,\"hostID\":0,\"size\":1}],\"uidMappings\":["));
	for (size_t i = 0; i < n; i++)
		TRY(buf_printf(ret, "%s{\"containerID\":%u,\"hostID\":%u,\"size\":%u}",
			       i ? "," : "", map[i][0], map[i][1], map[i][2]));
	return buf_printf(ret, "]}}");
}

static void try_lines(const uint8_t *data, size_t size)
{
	static uint32_t map[LINES_MAX][3];
	struct config c autoconfig = { 0 };
	struct buf text autobuf = BUF_MAX(1 << 16);
	size_t n = size / LINE_BYTES > LINES_MAX ? LINES_MAX : size / LINE_BYTES;
	struct error *err;

	if (n)
		memcpy(map, data, n * LINE_BYTES);
	err = config_of(map, n, &text);
	assert(!err);
	err = config_parse(buf_text(&text), text.length, &c);
	assert(!err == (n && kernel_takes(map, n)));
	error_free(err);
}

static void try_texts(const char *text)
{
	char **lines autostrv = strv_split(text, '\n');

	/* Who has the whole range has a part of it. */
	for (uint32_t first = IDRANGE_HELPERS; first < IDRANGE_HELPERS + 4 * IDRANGE_LENGTH;
	     first += IDRANGE_LENGTH)
		for (size_t i = 0; lines[i] && idrange_is_given_away(&lines[i], first); i++)
			assert(idrange_is_given_away(lines, first));
	if (userns_map_is_initial(text))
		assert(strstr(text, "4294967295"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);

	try_lines(data, size);
	try_texts(text);
	return 0;
}
