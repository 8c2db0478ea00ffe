#include "base/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"

#include "base/banned.h"

#define BYTES_MAX (16 << 20)

void mountinfo_done(struct mountinfo *m)
{
	free(m->text);
	free(m->list);
	*m = (struct mountinfo){ 0 };
}

static bool is_octal(const char *text)
{
	return strspn(text, "01234567") >= 3 && text[0] <= '3';
}

/* Blanks and backslashes are "\040" and such. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		if (from[0] == '\\' && is_octal(from + 1)) {
			*to++ = (char)((from[1] & 7) << 6 | (from[2] & 7) << 3 | (from[3] & 7));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static bool parse_id(const char *text, uint64_t *ret)
{
	struct error *err = str_parse_u64(text, 0, UINT64_MAX, ret);

	error_ignore(err, "a line of another form");
	return !err;
}

/* "ID PARENT DEV ROOT PATH OPTIONS [TAGS] - TYPE SOURCE SUPER". */
static bool parse_line(char *line, struct mountinfo_line *ret)
{
	enum { ID, PARENT, DEVICE, ROOT, POINT, OPTIONS, FIELDS };
	char *fields[FIELDS], *tag;

	for (size_t i = 0; i < FIELDS; i++) {
		fields[i] = strsep(&line, " ");
		if (!fields[i])
			return false;
	}
	do {
		tag = strsep(&line, " ");
		if (!tag)
			return false;
	} while (strcmp(tag, "-") != 0);
	ret->root = fields[ROOT];
	ret->path = fields[POINT];
	ret->type = strsep(&line, " ");
	if (!strsep(&line, " ")) /* the source */
		return false;
	ret->super = strsep(&line, " ");
	unescape(ret->root);
	unescape(ret->path);
	return ret->super && parse_id(fields[ID], &ret->id) &&
	       parse_id(fields[PARENT], &ret->parent);
}

void mountinfo_parse(char *text, struct mountinfo *ret)
{
	char *at, *line;
	size_t lines = 1;

	ret->text = text;
	for (at = text; (at = strchr(at, '\n')); at++)
		lines++;
	ret->list = alloc_zeroed(lines, sizeof(*ret->list));
	at = text;
	while ((line = strsep(&at, "\n")))
		ret->n += parse_line(line, &ret->list[ret->n]);
}

struct error *mountinfo_read(struct mountinfo *ret)
{
	char *text;

	TRY(path_read_text(AT_FDCWD, "/proc/self/mountinfo", BYTES_MAX, &text));
	mountinfo_parse(text, ret);
	return NULL;
}
