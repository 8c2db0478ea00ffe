#include "cli/env_file.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"

#include "base/banned.h"

#define FILE_MAX (1 << 20)
#define BLANKS " \t\v\f\r"

/* jansson knows UTF-8 (RFC 3629), and refuses a string that is not. */
static bool is_utf8(const char *text)
{
	json_t *value = json_string(text);
	bool is = value != NULL;

	json_decref(value);
	return is;
}

static struct error *check_name(const char *line)
{
	char *name autofree = alloc_string_n(line, strcspn(line, "="));
	char *quoted autofree = NULL;

	if (*name && !name[strcspn(name, BLANKS)])
		return NULL;
	if (!*name)
		return error_new(ERROR_BAD_INPUT, "no variable name on line '%s'", line);
	quoted = str_quote(name);
	return error_new(ERROR_BAD_INPUT, "variable %s contains whitespaces", quoted);
}

static struct error *read_line(char *line, size_t number,
			       struct error *(*add)(void *data, const char *line), void *data)
{
	size_t length = strlen(line);

	if (length && line[length - 1] == '\r')
		line[length - 1] = '\0';
	if (!is_utf8(line))
		return error_new(ERROR_BAD_INPUT, "invalid utf8 bytes at line %zu", number);
	line += strspn(line, BLANKS);
	if (!*line || *line == '#')
		return NULL;
	TRY(check_name(line));
	return add(data, line);
}

static struct error *read_lines(struct buf *content,
				struct error *(*add)(void *data, const char *line), void *data)
{
	char *line = content->data, *end = line + content->length;

	if (memchr(line, '\0', content->length))
		return error_new(ERROR_BAD_INPUT, "a NUL byte");
	if (content->length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) /* byte order mark */
		line += 3;
	for (size_t number = 1; line < end; number++) {
		char *next = strchrnul(line, '\n');

		*next = '\0';
		TRY(read_line(line, number, add, data));
		line = next + 1;
	}
	return NULL;
}

struct error *env_file_read(const char *path, struct error *(*add)(void *data, const char *line),
			    void *data)
{
	struct buf content autobuf = BUF_MAX(FILE_MAX);
	int fd autoclose = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys("open %s", path);
	TRY(error_wrap(fd_read_all(fd, &content), "invalid env file (%s)", path));
	if (!content.length)
		return NULL;
	return error_wrap(read_lines(&content, add, data), "poorly formatted environment: %s",
			  path);
}
