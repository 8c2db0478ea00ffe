#include "cli/human.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/str.h"

#include "base/banned.h"

#define NS 1000000000LL

char *human_duration(int64_t seconds)
{
	int64_t minutes = seconds / 60, hours = (minutes + 30) / 60;

	if (seconds < 1)
		return alloc_string("Less than a second");
	if (seconds == 1)
		return alloc_string("1 second");
	if (seconds < 60)
		return alloc_printf("%jd seconds", (intmax_t)seconds);
	if (minutes == 1)
		return alloc_string("About a minute");
	if (minutes < 60)
		return alloc_printf("%jd minutes", (intmax_t)minutes);
	if (hours == 1)
		return alloc_string("About an hour");
	if (hours < 48)
		return alloc_printf("%jd hours", (intmax_t)hours);
	if (hours < 24 * 7 * 2)
		return alloc_printf("%jd days", (intmax_t)hours / 24);
	if (hours < 24 * 30 * 2)
		return alloc_printf("%jd weeks", (intmax_t)hours / 24 / 7);
	if (hours < 24 * 365 * 2)
		return alloc_printf("%jd months", (intmax_t)hours / 24 / 30);
	return alloc_printf("%jd years", (intmax_t)hours / 24 / 365);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * NS + t.tv_nsec;
}

char *human_ago(int64_t then_ns)
{
	char *duration autofree = human_duration((now_ns() - then_ns) / NS);

	return alloc_printf("%s ago", duration);
}

char *human_time(int64_t ns)
{
	time_t seconds = (time_t)(ns / NS);
	struct tm tm;
	char text[64];

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z %Z", &tm);
	return alloc_string(text);
}

char *human_rfc3339(int64_t ns)
{
	time_t seconds = (time_t)(ns / NS);
	struct tm tm;
	char text[64];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return alloc_printf("%s.%09lldZ", text, (long long)(ns % NS));
}

/* Digits behind a point as nanoseconds; *@c moves behind them. */
static int64_t fraction(const char **c)
{
	int64_t ns = 0, scale = NS;

	for (; isdigit((unsigned char)**c); (*c)++) {
		scale /= 10;
		ns += (**c - '0') * scale;
	}
	return ns;
}

static bool whole(const char **c, int64_t *ret)
{
	int64_t n = 0;

	if (!isdigit((unsigned char)**c))
		return false;
	for (; isdigit((unsigned char)**c); (*c)++)
		if (n < INT64_MAX / NS / 10)
			n = n * 10 + **c - '0';
	*ret = n;
	return true;
}

/* Go's time.ParseDuration: "1h30m", "1.5s", "300ms". */
static bool parse_duration(const char *text, int64_t *ret_ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 },   { "ms", 1000000 },
		      { "s", NS }, { "m", 60 * NS }, { "h", 3600 * NS } };
	const char *c = text;
	int64_t total = 0;

	do {
		int64_t n, part = 0, unit = 0, scaled;
		size_t length;

		if (!whole(&c, &n))
			return false;
		if (*c == '.') {
			c++;
			part = fraction(&c);
		}
		length = strspn(c, "nsumh");
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (strlen(units[i].name) == length &&
			    strncmp(c, units[i].name, length) == 0)
				unit = units[i].ns;
		if (!unit || __builtin_mul_overflow(n, unit, &scaled))
			return false;
		scaled += (int64_t)((__int128)part * unit / NS);
		if (__builtin_add_overflow(total, scaled, &total))
			return false;
		c += length;
	} while (*c);
	*ret_ns = total;
	return true;
}

/* Seconds since the epoch with an optional fraction. */
static bool parse_epoch(const char *text, int64_t *ret_ns)
{
	const char *c = text;
	int64_t seconds, ns = 0;

	if (!whole(&c, &seconds))
		return false;
	if (*c == '.') {
		c++;
		ns = fraction(&c);
	}
	*ret_ns = seconds * NS + ns;
	return !*c;
}

/* "Z", "+02:00", or nothing for local time: turns the broken-down time into seconds. */
static bool parse_zone(const char *c, struct tm *tm, int64_t *ret_seconds)
{
	int hours, minutes, end = 0;

	if (!*c) {
		tm->tm_isdst = -1;
		*ret_seconds = mktime(tm);
		return true;
	}
	*ret_seconds = timegm(tm);
	if (strcmp(c, "Z") == 0)
		return true;
	if ((*c != '+' && *c != '-') || sscanf(c + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 ||
	    c[1 + end])
		return false;
	*ret_seconds -= (*c == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
	return true;
}

static bool parse_date(const char *text, int64_t *ret_ns)
{
	static const char *const formats[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H",
					       "%Y-%m-%d" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct tm tm = { .tm_mday = 1 };
		const char *c = strptime(text, formats[i], &tm);
		int64_t seconds, ns = 0;

		if (!c)
			continue;
		if (i == 0 && *c == '.') {
			c++;
			ns = fraction(&c);
		}
		if (!parse_zone(c, &tm, &seconds))
			continue;
		*ret_ns = seconds * NS + ns;
		return true;
	}
	return false;
}

struct error *human_parse_time(const char *text, int64_t *ret_ns)
{
	char *quoted autofree = NULL;
	int64_t ago;

	if (parse_epoch(text, ret_ns) || parse_date(text, ret_ns))
		return NULL;
	if (parse_duration(text, &ago)) {
		*ret_ns = now_ns() - ago;
		return NULL;
	}
	quoted = str_quote(text);
	return error_new(ERROR_BAD_INPUT, "%s is neither a time nor a duration", quoted);
}

char *human_ellipsis(const char *text, size_t n)
{
	size_t count = 0, cut = 0, i;

	for (i = 0; text[i]; i++) {
		if (((unsigned char)text[i] & 0xc0) == 0x80)
			continue;
		if (count == n - 1)
			cut = i;
		if (count++ == n)
			return alloc_printf("%.*s…", (int)cut, text);
	}
	return alloc_string(text);
}

char *human_size(uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double size = (double)bytes;
	size_t unit = 0;

	/* From 999.5 on, three digits would be 1e+03. */
	for (; size >= 999.5 && unit < 6; unit++)
		size /= 1000;
	return alloc_printf("%.3g%s", size, units[unit]);
}
