/*
 * The keys that let go of a container's terminal without ending it: --detach-keys in docker's form,
 * a list of single characters and ctrl-a to ctrl-z, ctrl-@ [ \ ] ^ _, DEL, with commas between;
 * and finding them in what is typed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { DETACH_KEYS_MAX = 16 };

struct detach_keys {
	char keys[DETACH_KEYS_MAX];
	size_t n;
	size_t held; /* of keys: typed and not passed on yet */
};

/* @text as given, NULL or "" for ctrl-p,ctrl-q. */
struct error *detach_keys_parse(const char *text, struct detach_keys *ret)
	__attribute__((nonnull(2), warn_unused_result));

/*
 * Copies what may be passed on of @length typed bytes to @out, which has room for @length +
 * DETACH_KEYS_MAX, and returns its length. The beginning of a sequence is held back until it is
 * none. *@ret_detach: the whole sequence was typed, and what follows it is dropped.
 */
size_t detach_keys_filter(struct detach_keys *k, const char *typed, size_t length, char *out,
			  bool *ret_detach) __attribute__((nonnull));
