#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

#include "base/banned.h"

struct error {
	enum error_kind kind;
	int number;
	int status;
	char *text;
};

struct frame_head {
	uint32_t kind;
	uint32_t number;
	uint32_t status;
	uint32_t text_length;
};
_Static_assert(sizeof(struct frame_head) + ERROR_TEXT_MAX == ERROR_FRAME_MAX, "frame bound");

__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		return alloc_string("out of memory");
	return text;
}

static struct error *make(enum error_kind kind, int number, char *text)
{
	struct error *err = alloc_zeroed(1, sizeof(*err));

	err->kind = kind;
	err->number = number;
	err->text = text;
	return err;
}

struct error *error_new(enum error_kind kind, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	return make(kind, 0, text);
}

__attribute__((format(printf, 2, 0))) static struct error *from_number(int number,
								       const char *format,
								       va_list args)
{
	char *what autofree = format_text(format, args);

	return make(ERROR_SYSTEM, number, alloc_printf("%s: %s", what, strerror(number)));
}

struct error *error_sys(const char *format, ...)
{
	int number = errno;
	struct error *err;
	va_list args;

	va_start(args, format);
	err = from_number(number, format, args);
	va_end(args);
	return err;
}

struct error *error_number(int number, const char *format, ...)
{
	struct error *err;
	va_list args;

	va_start(args, format);
	err = from_number(number, format, args);
	va_end(args);
	return err;
}

struct error *error_wrap(struct error *err, const char *format, ...)
{
	char *what autofree = NULL;
	va_list args;
	char *text;

	if (!err)
		return NULL;
	va_start(args, format);
	what = format_text(format, args);
	va_end(args);
	text = alloc_printf("%s: %s", what, err->text);
	free(err->text);
	err->text = text;
	return err;
}

struct error *error_set_status(struct error *err, int status)
{
	err->status = status;
	return err;
}

int error_status(const struct error *err)
{
	return err->status;
}

enum error_kind error_kind(const struct error *err)
{
	return err->kind;
}

int error_errno(const struct error *err)
{
	return err->number;
}

const char *error_message(const struct error *err)
{
	return err->text;
}

bool error_is(const struct error *err, enum error_kind kind)
{
	return err && err->kind == kind;
}

void error_free(struct error *err)
{
	int saved = errno;

	if (err)
		free(err->text);
	free(err);
	errno = saved;
}

void error_ignore(struct error *err, const char *why)
{
	if (err)
		log_debug("ignored, %s: %s", why, err->text);
	error_free(err);
}

size_t error_encode(const struct error *err, void *frame, size_t size)
{
	size_t length = strlen(err->text);
	struct frame_head head;

	if (size < sizeof(head))
		return 0;
	if (length > size - sizeof(head))
		length = size - sizeof(head);
	if (length > ERROR_TEXT_MAX)
		length = ERROR_TEXT_MAX;
	head = (struct frame_head){
		.kind = err->kind,
		.number = (uint32_t)err->number,
		.status = (uint32_t)err->status,
		.text_length = (uint32_t)length,
	};
	memcpy(frame, &head, sizeof(head));
	memcpy((char *)frame + sizeof(head), err->text, length);
	return sizeof(head) + length;
}

struct error *error_decode(const void *frame, size_t size)
{
	struct frame_head head;
	struct error *err;
	char *text;

	if (size < sizeof(head))
		return error_new(ERROR_SYSTEM,
				 "a child process reported %zu bytes, too few for an error", size);
	memcpy(&head, frame, sizeof(head));
	if (head.kind > ERROR_KIND_LAST || head.status > 255 || head.number > 4095 ||
	    head.text_length > ERROR_TEXT_MAX || head.text_length != size - sizeof(head))
		return error_new(ERROR_SYSTEM, "a child process reported a malformed error");
	text = alloc_string_n((const char *)frame + sizeof(head), head.text_length);
	str_blank_controls(text, strlen(text));
	err = make((enum error_kind)head.kind, (int)head.number, text);
	err->status = (int)head.status;
	return err;
}
