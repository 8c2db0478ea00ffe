#include "cli/detach_keys.h"

#include <string.h>

#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

#define DEFAULT_KEYS "ctrl-p,ctrl-q"

static bool parse_key(const char *word, char *ret)
{
	static const char controls[] = "@abcdefghijklmnopqrstuvwxyz[\\]^_"; /* 0 to 31 */
	const char *found;

	if (strlen(word) == 1) {
		*ret = word[0];
		return true;
	}
	if (str_equal(word, "DEL")) {
		*ret = 127;
		return true;
	}
	if (!str_has_prefix(word, "ctrl-") || strlen(word) != 6)
		return false;
	found = strchr(controls, word[5]);
	if (found)
		*ret = (char)(found - controls);
	return found;
}

struct error *detach_keys_parse(const char *text, struct detach_keys *ret)
{
	char **words autostrv = strv_split(str_is_empty(text) ? DEFAULT_KEYS : text, ',');
	struct detach_keys k = { .n = strv_length(words) };

	if (k.n > DETACH_KEYS_MAX)
		return error_new(ERROR_BAD_INPUT, "detach keys: more than %d", DETACH_KEYS_MAX);
	for (size_t i = 0; i < k.n; i++)
		if (!parse_key(words[i], &k.keys[i])) {
			char *quoted autofree = str_quote(words[i]);

			return error_new(ERROR_BAD_INPUT, "invalid detach keys: %s is not a key",
					 quoted);
		}
	*ret = k;
	return NULL;
}

/*
 * Whether the held keys and then @c are the beginning of the sequence again after the first @skip
 * of them.
 */
static bool still_begins(const struct detach_keys *k, size_t skip, char c)
{
	size_t n = k->held - skip;

	return memcmp(k->keys + skip, k->keys, n) == 0 && k->keys[n] == c;
}

size_t detach_keys_filter(struct detach_keys *k, const char *typed, size_t length, char *out,
			  bool *ret_detach)
{
	size_t n = 0;

	*ret_detach = false;
	for (size_t i = 0; i < length; i++) {
		size_t skip = 0;

		while (skip <= k->held && !still_begins(k, skip, typed[i]))
			skip++;
		if (skip > k->held) { /* not even by itself */
			memcpy(out + n, k->keys, k->held);
			n += k->held;
			k->held = 0;
			out[n++] = typed[i];
			continue;
		}
		memcpy(out + n, k->keys, skip);
		n += skip;
		k->held += 1 - skip;
		if (k->held == k->n) {
			k->held = 0;
			*ret_detach = true;
			break;
		}
	}
	return n;
}
