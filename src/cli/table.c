#include "cli/table.h"

#include <string.h>

#include "base/banned.h"

#define COLUMNS_MAX 64
#define WIDTH_MIN 10
#define GAP 3

static size_t characters(const char *text, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

static void measure(const char *line, size_t widths[COLUMNS_MAX])
{
	for (size_t column = 0; column < COLUMNS_MAX; column++) {
		size_t length = strcspn(line, "\t\n"), width = characters(line, length) + GAP;

		if (line[length] != '\t')
			return;
		if (width > widths[column])
			widths[column] = width;
		line += length + 1;
	}
}

static struct error *add_line(const char *line, const size_t widths[COLUMNS_MAX], struct buf *out)
{
	for (size_t column = 0;; column++) {
		size_t length = strcspn(line, "\t\n"), width = characters(line, length);

		TRY(buf_add(out, line, length));
		if (line[length] != '\t')
			return buf_add_text(out, "\n");
		for (; column < COLUMNS_MAX && width < widths[column]; width++)
			TRY(buf_add_text(out, " "));
		line += length + 1;
	}
}

struct error *table_align(const char *text, struct buf *out)
{
	size_t widths[COLUMNS_MAX];

	for (size_t i = 0; i < COLUMNS_MAX; i++)
		widths[i] = WIDTH_MIN;
	for (const char *line = text; *line; line = strchrnul(line, '\n') + 1) {
		measure(line, widths);
		if (!*strchrnul(line, '\n'))
			break;
	}
	for (const char *line = text; *line; line = strchrnul(line, '\n') + 1) {
		TRY(add_line(line, widths, out));
		if (!*strchrnul(line, '\n'))
			break;
	}
	return NULL;
}
