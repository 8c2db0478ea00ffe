#include "runtime/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"

#include "base/banned.h"

#define LINE_MAX_BYTES (64 * 1024)

static struct {
	int fd;
	bool json, warnings;
} report = { .fd = STDERR_FILENO };

struct error *report_open(const char *path, const char *format, const char *level)
{
	report.json = strcmp(format, "json") == 0;
	report.warnings = strcmp(level, "error") != 0 && strcmp(level, "fatal") != 0 &&
			  strcmp(level, "panic") != 0;
	if (!report.json && strcmp(format, "text") != 0)
		return error_new(ERROR_BAD_INPUT, "unknown log-format \"%s\"", format);
	if (str_is_empty(path))
		return NULL;
	report.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (report.fd < 0) {
		report.fd = STDERR_FILENO;
		return error_sys("open log file %s", path);
	}
	return NULL;
}

static void time_text(char text[32])
{
	time_t now = time(NULL);
	struct tm tm;

	text[0] = '\0';
	if (gmtime_r(&now, &tm))
		strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* {"level":"error","msg":"…","time":"…"}, or the same as key=value. */
static struct error *format_line(struct buf *line, const char *level, const char *text)
{
	struct buf quoted autobuf = BUF_MAX(LINE_MAX_BYTES);
	char now[32];

	time_text(now);
	TRY(json_add_quoted(&quoted, text, strlen(text)));
	return report.json ? buf_printf(line, "{\"level\":\"%s\",\"msg\":%s,\"time\":\"%s\"}\n",
					level, buf_text(&quoted), now)
			   : buf_printf(line, "time=\"%s\" level=%s msg=%s\n", now, level,
					buf_text(&quoted));
}

static void write_line(const char *level, const char *text)
{
	struct buf line autobuf = BUF_MAX(LINE_MAX_BYTES + 256);
	struct error *err = format_line(&line, level, text);

	if (!err)
		err = fd_write_all(report.fd, line.data, line.length);
	error_ignore(err, "there is nowhere else to say it");
}

void report_error(const struct error *err)
{
	write_line("error", error_message(err));
	if (report.fd != STDERR_FILENO)
		fprintf(stderr, "%s\n", error_message(err));
}

void report_known_error(const struct error *err)
{
	if (report.fd != STDERR_FILENO)
		write_line("error", error_message(err));
}

void report_debug(const char *text)
{
	int saved = errno;

	write_line("debug", text);
	errno = saved;
}

void report_warning(const char *text)
{
	if (report.warnings)
		write_line("warning", text);
}
