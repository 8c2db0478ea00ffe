#include "engine/log_line.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

#include "base/banned.h"

/* The digits after the dot as nanoseconds; *@ret_end is behind them. */
static int64_t parse_fraction(const char *text, const char **ret_end)
{
	int64_t ns = 0, unit = 100000000;

	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
			ns += (*text - '0') * unit;
	*ret_end = text;
	return ns;
}

static struct error *parse_time(const char *text, int64_t *ret_ns)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t ns;

	if (!end || tm.tm_year < 70 || tm.tm_year > 300)
		return error_new(ERROR_BAD_INPUT, "time: not a time");
	ns = parse_fraction(end, &end);
	if (strcmp(end, "Z") != 0)
		return error_new(ERROR_BAD_INPUT, "time: not UTC");
	*ret_ns = (int64_t)timegm(&tm) * 1000000000 + ns;
	return NULL;
}

struct error *log_line_parse(const char *line, size_t length, struct log_line *ret)
{
	const char *text, *stream, *time;
	json_error_t why;
	/* Not json_parse(): what a program prints may hold NUL bytes. */
	json_t *object autojson = json_loadb(line, length, JSON_ALLOW_NUL, &why);
	int64_t time_ns;
	size_t n;

	if (!object)
		return error_new(ERROR_BAD_INPUT, "column %d: %s", why.column, why.text);
	if (json_unpack(object, "{s:s%,s:s,s:s}", "log", &text, &n, "stream", &stream, "time",
			&time) < 0)
		return error_new(ERROR_BAD_INPUT, "not a line of a log");
	if (strcmp(stream, "stdout") != 0 && strcmp(stream, "stderr") != 0)
		return error_new(ERROR_BAD_INPUT, "stream: neither stdout nor stderr");
	TRY(parse_time(time, &time_ns));
	*ret = (struct log_line){
		.stream = strcmp(stream, "stdout") == 0 ? 1 : 2,
		.time_ns = time_ns,
		.text = memcpy(alloc_zeroed(n + 1, 1), text, n),
		.length = n,
	};
	return NULL;
}

void log_line_done(struct log_line *line)
{
	free(line->text);
	line->text = NULL;
}
