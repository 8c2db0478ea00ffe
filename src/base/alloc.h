/*
 * Memory that is there or the process ends: state is on disk, so nobody handles running out.
 * Also the one macro that makes cleanup attributes, and take(), which moves ownership out of them.
 */
#pragma once

#include <stddef.h>

/*
 * Zeroed memory for @n objects of @size bytes; the caller frees. Ends the process when there is
 * none.
 */
void *alloc_zeroed(size_t n, size_t size)
	__attribute__((malloc, returns_nonnull, alloc_size(1, 2)));

/*
 * realloc(3) of an array, overflow checked. @old may be NULL. Ends the process when there is no
 * memory.
 */
void *alloc_resize(void *old, size_t n, size_t size)
	__attribute__((returns_nonnull, warn_unused_result));

/* A copy of @text, or NULL for NULL; the caller frees. */
char *alloc_string(const char *text) __attribute__((malloc));

/* A copy of at most @n bytes of @text, terminated; the caller frees. */
char *alloc_string_n(const char *text, size_t n) __attribute__((malloc, returns_nonnull));

/* A formatted string; the caller frees. */
char *alloc_printf(const char *format, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* Overwrites the secret *@text before it is freed, and makes it NULL; NULL is fine. */
void alloc_forget(char **text) __attribute__((nonnull));

void alloc_free_pointer(void *pointer_to_pointer);

/* char *x autofree = NULL; */
#define autofree __attribute__((cleanup(alloc_free_pointer)))

/* Takes the value out of a cleanup variable: the caller owns it from here, the variable is NULL. */
#define take(x)                                                                                    \
	({                                                                                         \
		__auto_type taken_ = (x);                                                          \
		(x) = NULL;                                                                        \
		taken_;                                                                            \
	})

/*
 * Defines the cleanup function behind an auto_<name> attribute of a pointer type:
 * DEFINE_AUTO(struct buf *, buf_free).
 */
#define DEFINE_AUTO(type, free_function)                                                           \
	static inline void free_function##_p(type *p)                                              \
	{                                                                                          \
		if (*p)                                                                            \
			free_function(*p);                                                         \
	}                                                                                          \
	struct define_auto_semicolon
