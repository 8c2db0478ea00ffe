/*
 * Lists of strings: arrays that end in NULL, each string and the array owned. NULL is the empty
 * list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"

void strv_free(char **list);
DEFINE_AUTO(char **, strv_free);
#define autostrv __attribute__((cleanup(strv_free_p)))

size_t strv_length(char *const *list);
bool strv_contains(char *const *list, const char *text) __attribute__((nonnull(2)));

/* Appends a copy of @text to *@list. */
void strv_add(char ***list, const char *text) __attribute__((nonnull));

/* Appends @text itself, which the list owns from now on. */
void strv_add_owned(char ***list, char *text) __attribute__((nonnull));

/* Appends a formatted string. */
void strv_addf(char ***list, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull));

/* A deep copy; NULL for NULL. */
char **strv_copy(char *const *list);

/* All strings with @separator between them; the caller frees. */
char *strv_join(char *const *list, const char *separator)
	__attribute__((nonnull(2), returns_nonnull));

/* The parts of @text between the bytes @separator; at least one part. The caller frees. */
char **strv_split(const char *text, char separator) __attribute__((nonnull, returns_nonnull));

/*
 * In a list of NAME=VALUE strings, replaces the entry whose NAME is that of @assignment, or appends
 * it. strv_env_get() returns the value of @name in such a list, or NULL.
 */
void strv_env_set(char ***list, const char *assignment) __attribute__((nonnull));
void strv_env_unset(char **list, const char *name) __attribute__((nonnull(2)));
const char *strv_env_get(char *const *list, const char *name) __attribute__((nonnull(2)));
