#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#include "base/banned.h"

/* The only state of base/ that a process shares: who it is to its user. */
static const char *program_name = "bulkhead";
static bool debug_on;
static void (*diverted)(const char *text);
static uint64_t start_us;

void log_setup(const char *program, bool debug)
{
	program_name = program;
	debug_on = debug;
	start_us = (uint64_t)clock_us();
}

void log_divert(void (*write)(const char *text))
{
	diverted = write;
}

bool log_is_debug(void)
{
	return debug_on;
}

/* One write(2) a line, so that lines of several processes do not mix. */
__attribute__((format(printf, 2, 0))) static void print_line(const char *prefix, const char *format,
							     va_list args)
{
	char line[2048];
	int head = snprintf(line, sizeof(line), "%s", prefix);
	int n = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, args);
	int saved = errno;
	size_t length;

	if (n < 0)
		return;
	length = (size_t)head + (size_t)n;
	if (length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	str_blank_controls(line, length);
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, length) < 0)
		errno = saved; /* nobody is left to tell */
	errno = saved;
}

void log_notice(const char *format, ...)
{
	char prefix[64];
	va_list args;

	snprintf(prefix, sizeof(prefix), "%s: ", program_name);
	va_start(args, format);
	print_line(prefix, format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	char prefix[96], text[2048];
	va_list args;

	if (!debug_on)
		return;
	if (diverted) {
		va_start(args, format);
		if (vsnprintf(text, sizeof(text), format, args) >= 0)
			diverted(text);
		va_end(args);
		return;
	}
	snprintf(prefix, sizeof(prefix), "%s[%d]: debug %6ju us: ", program_name, (int)getpid(),
		 (uintmax_t)((uint64_t)clock_us() - start_us));
	va_start(args, format);
	print_line(prefix, format, args);
	va_end(args);
}
