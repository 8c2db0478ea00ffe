#include "base/alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static void out_of_memory(void)
{
	static const char text[] = "bulkhead: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(125);
	_exit(125);
}

void *alloc_zeroed(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *alloc_resize(void *old, size_t n, size_t size)
{
	void *p = reallocarray(old, n ? n : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

char *alloc_string(const char *text)
{
	return text ? alloc_string_n(text, strlen(text)) : NULL;
}

char *alloc_string_n(const char *text, size_t n)
{
	char *p;

	n = strnlen(text, n);
	p = alloc_zeroed(n + 1, 1);
	memcpy(p, text, n);
	return p;
}

char *alloc_printf(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		out_of_memory();
	return text;
}

void alloc_forget(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void alloc_free_pointer(void *pointer_to_pointer)
{
	int saved = errno;
	void *p;

	memcpy(&p, pointer_to_pointer, sizeof(p));
	free(p);
	p = NULL;
	memcpy(pointer_to_pointer, &p, sizeof(p));
	errno = saved;
}
