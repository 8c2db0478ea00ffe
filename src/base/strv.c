#include "base/strv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void strv_free(char **list)
{
	int saved = errno;

	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
	errno = saved;
}

size_t strv_length(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

bool strv_contains(char *const *list, const char *text)
{
	for (size_t i = 0; list && list[i]; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

void strv_add_owned(char ***list, char *text)
{
	size_t n = strv_length(*list);

	*list = alloc_resize(*list, n + 2, sizeof(char *));
	(*list)[n] = text;
	(*list)[n + 1] = NULL;
}

void strv_add(char ***list, const char *text)
{
	strv_add_owned(list, alloc_string(text));
}

void strv_addf(char ***list, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	strv_add_owned(list, n < 0 ? alloc_string("") : text);
}

char **strv_copy(char *const *list)
{
	char **copy = NULL;

	for (size_t i = 0; list && list[i]; i++)
		strv_add(&copy, list[i]);
	return copy;
}

char *strv_join(char *const *list, const char *separator)
{
	size_t size = 1;
	char *text, *end;

	for (size_t i = 0; list && list[i]; i++)
		size += strlen(list[i]) + strlen(separator);
	text = end = alloc_zeroed(size, 1);
	for (size_t i = 0; list && list[i]; i++) {
		if (i)
			end = stpcpy(end, separator);
		end = stpcpy(end, list[i]);
	}
	return text;
}

char **strv_split(const char *text, char separator)
{
	char **list = NULL;

	for (;;) {
		const char *end = strchrnul(text, separator);

		strv_add_owned(&list, alloc_string_n(text, (size_t)(end - text)));
		if (!*end)
			return list;
		text = end + 1;
	}
}

/* The index of the entry for the @length bytes of @name, or -1. */
static ssize_t env_index(char *const *list, const char *name, size_t length)
{
	for (ssize_t i = 0; list && list[i]; i++)
		if (strncmp(list[i], name, length) == 0 && list[i][length] == '=')
			return i;
	return -1;
}

void strv_env_set(char ***list, const char *assignment)
{
	ssize_t i = env_index(*list, assignment, strcspn(assignment, "="));

	if (i < 0) {
		strv_add(list, assignment);
		return;
	}
	free((*list)[i]);
	(*list)[i] = alloc_string(assignment);
}

void strv_env_unset(char **list, const char *name)
{
	ssize_t i = env_index(list, name, strlen(name));

	if (i < 0)
		return;
	free(list[i]);
	for (; list[i]; i++)
		list[i] = list[i + 1];
}

const char *strv_env_get(char *const *list, const char *name)
{
	ssize_t i = env_index(list, name, strlen(name));

	return i < 0 ? NULL : list[i] + strlen(name) + 1;
}
