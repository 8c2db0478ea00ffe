#include "helpers/monitor/logfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#include "base/banned.h"

enum { STAMP_SECOND = 19 }; /* bytes of "2024-01-02T03:04:05" */

/*
 * "2024-01-02T03:04:05": by hand, since gmtime_r() would read time zone files. Days as in proleptic
 * Gregorian, era of 400 y.
 */
static void format_second(char *stamp, size_t size, time_t second)
{
	int64_t days = second / 86400, left = second % 86400;
	int64_t z = days + 719468, era = z / 146097, of_era = z % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100),
		month = (5 * of_year + 2) / 153;
	int64_t day = of_year - (153 * month + 2) / 5 + 1;

	month += month < 10 ? 3 : -9; /* the computed year begins in March */
	year += era * 400 + (month <= 2);
	snprintf(stamp, size, "%04d-%02d-%02dT%02d:%02d:%02d", (int)year, (int)month, (int)day,
		 (int)(left / 3600), (int)(left / 60 % 60), (int)(left % 60));
}

void logfile_set_time(struct logfile *l, const struct timespec *now)
{
	if (now->tv_sec != l->now.tv_sec || !l->stamp[0])
		format_second(l->stamp, sizeof(l->stamp), now->tv_sec);
	l->now = *now;
	snprintf(l->stamp + STAMP_SECOND, sizeof(l->stamp) - STAMP_SECOND, ".%09dZ",
		 (int)now->tv_nsec);
}

/*
 * Opens the file of the plain name; a record that a killed monitor left torn is closed by a
 * newline.
 */
static struct error *open_file(struct logfile *l, int more_flags)
{
	int fd = openat(l->dir, l->name,
			O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
				more_flags,
			0640);
	struct stat st;
	char last;

	if (fd < 0)
		return error_sys("open %s", l->name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return error_new(ERROR_REFUSED, "open %s: not a regular file", l->name);
	}
	l->size = (uint64_t)st.st_size;
	if (l->size && pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n' &&
	    write(fd, "\n", 1) == 1)
		l->size++;
	l->fd = fd;
	return NULL;
}

struct error *logfile_init(struct logfile *l, int dir, const char *id, uint64_t max_bytes,
			   unsigned int max_files)
{
	int n = snprintf(l->name, sizeof(l->name), "%s-json.log", id);

	if (n < 0 || (size_t)n + 12 >= sizeof(l->name)) /* room for ".4294967295" */
		return error_new(ERROR_BAD_INPUT, "a log of an id of %zu bytes: too long",
				 strlen(id));
	l->dir = dir;
	l->fd = -1;
	l->max_bytes = max_bytes;
	l->max_files = max_files ? max_files : 1;
	l->used = 0;
	l->size = l->records = l->lost = 0;
	l->retry_at_s = 0;
	return NULL;
}

/*
 * Moves ID-json.log.1 to .2 and so on, the last one away, and starts a new file; the only one is
 * emptied.
 */
static void rotate(struct logfile *l)
{
	char from[sizeof(l->name) + 16], to[sizeof(l->name) + 16];
	struct error *err;

	if (l->max_files == 1) {
		if (l->fd >= 0 && ftruncate(l->fd, 0) == 0)
			l->size = 0;
		return;
	}
	for (unsigned int i = l->max_files - 1; i > 0; i--) {
		snprintf(to, sizeof(to), "%s.%u", l->name, i);
		snprintf(from, sizeof(from), i > 1 ? "%s.%u" : "%s", l->name, i - 1);
		if (renameat(l->dir, from, l->dir, to) < 0 && errno != ENOENT)
			return; /* still too large: what comes is dropped, and tries again */
	}
	fd_close(&l->fd);
	l->size = 0; /* also where opening fails: nothing is rotated twice */
	err = open_file(l, O_TRUNC);
	error_ignore(err, "opening is tried again, the records in between are counted");
}

/* Whether records can be written now; opens the file again at most once a second. */
static bool is_open(struct logfile *l)
{
	if (l->fd >= 0)
		return true;
	if (l->now.tv_sec < l->retry_at_s)
		return false;
	l->retry_at_s = l->now.tv_sec + 1;
	error_ignore(open_file(l, 0), "tried again in a second");
	return l->fd >= 0;
}

void logfile_flush(struct logfile *l)
{
	ssize_t n = -1;

	if (!l->used)
		return;
	if (is_open(l) && (!l->max_bytes || l->size + l->used <= l->max_bytes || !l->size)) {
		do
			n = write(l->fd, l->out, l->used);
		while (n < 0 && errno == EINTR);
	}
	if (n == (ssize_t)l->used) {
		l->size += l->used;
	} else {
		l->lost += l->records;
		/* No torn record stays. If even this fails, the next opening closes the line. */
		if (n > 0 && ftruncate(l->fd, (off_t)l->size) < 0)
			fd_close(&l->fd);
	}
	l->used = 0;
	l->records = 0;
}

/* The bytes of the UTF-8 sequence at @s, 0 if it is none (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	size_t n = s[0] >= 0xc2 && s[0] <= 0xdf	  ? 2
		   : (s[0] & 0xf0) == 0xe0	  ? 3
		   : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
						  : 0;

	if (!n || left < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static char *put(char *to, const char *text)
{
	return stpcpy(to, text);
}

/* Writes the character at @s the way docker's encoder does and returns its length in @s. */
static size_t put_special(char **to, const unsigned char *s, size_t left)
{
	static const char hex[] = "0123456789abcdef";
	size_t n;

	switch (*s) {
	case '"':
		*to = put(*to, "\\\"");
		return 1;
	case '\\':
		*to = put(*to, "\\\\");
		return 1;
	case '\n':
		*to = put(*to, "\\n");
		return 1;
	case '\r':
		*to = put(*to, "\\r");
		return 1;
	default:
		break;
	}
	if (*s < 0x80) {
		*to = put(*to, "\\u00");
		*(*to)++ = hex[*s >> 4];
		*(*to)++ = hex[*s & 15];
		return 1;
	}
	n = utf8_length(s, left);
	if (!n) {
		*to = put(*to, "\\ufffd");
		return 1;
	}
	if (n == 3 && s[0] == 0xe2 && s[1] == 0x80 &&
	    (s[2] & 0xfe) == 0xa8) { /* JavaScript's line ends */
		*to = put(*to, s[2] & 1 ? "\\u2029" : "\\u2028");
		return n;
	}
	memcpy(*to, s, n);
	*to += n;
	return n;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

/* The JSON string's inside for @text; at most six bytes for each. */
static char *put_escaped(char *to, const char *text, size_t length)
{
	const unsigned char *s = (const unsigned char *)text, *end = s + length;

	while (s < end) {
		const unsigned char *from = s;

		while (s < end && is_plain(*s))
			s++;
		memcpy(to, from, (size_t)(s - from));
		to += s - from;
		if (s < end)
			s += put_special(&to, s, (size_t)(end - s));
	}
	return to;
}

/* Formats a record behind those in the buffer and returns its length. */
static size_t format_record(struct logfile *l, const char *stream, const char *text, size_t length,
			    bool whole)
{
	char *start = l->out + l->used, *to = start;

	to = put(to, "{\"log\":\"");
	to = put_escaped(to, text, length);
	to = put(to, whole ? "\\n\",\"stream\":\"" : "\",\"stream\":\"");
	to = put(to, stream);
	to = put(to, "\",\"time\":\"");
	to = put(to, l->stamp);
	to = put(to, "\"}\n");
	return (size_t)(to - start);
}

/*
 * Adds a formatted record that lies behind those in the buffer, in the file after rotation if it
 * needs one.
 */
static void keep(struct logfile *l, size_t length)
{
	uint64_t size = l->size + l->used;

	if (l->max_bytes && size && size + length > l->max_bytes) {
		size_t behind = l->used;

		logfile_flush(l);
		rotate(l);
		memmove(l->out, l->out + behind, length);
	}
	l->used += length;
	l->records++;
}

/*
 * The number of records that were lost is a record of its own, as soon as there is hope to write
 * it.
 */
static void tell_lost(struct logfile *l)
{
	char text[80];
	uint64_t lost = l->lost;
	int n = snprintf(text, sizeof(text), "bulkhead: %ju records of this log were lost",
			 (uintmax_t)lost);

	l->lost = 0;
	keep(l, format_record(l, "stderr", text, (size_t)n, true));
	logfile_flush(l);
	if (l->lost) /* it was lost itself */
		l->lost = lost;
}

void logfile_add(struct logfile *l, const char *stream, const char *text, size_t length, bool whole)
{
	assert(length <= LOGFILE_TEXT_MAX);
	is_open(l); /* its size decides on rotation; that it is not open is noticed by the flush */
	if (l->used + LOGFILE_RECORD_MAX > sizeof(l->out))
		logfile_flush(l);
	if (l->lost && !l->used)
		tell_lost(l);
	keep(l, format_record(l, stream, text, length, whole));
}

void logfile_close(struct logfile *l)
{
	logfile_flush(l);
	fd_close(&l->fd);
}
