/*
 * Annotations "org.systemd.property.NAME", here NAME=VALUE a line: what is accepted can be put into
 * a message of its type as it stands.
 */
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "oci/systemd_property.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *name, const struct systemd_property *p)
{
	bool seconds = str_has_suffix(name, "Sec") && !str_has_suffix(name, "USec");

	assert(strlen(p->name) >= 3);
	for (const char *c = p->name; *c; c++)
		assert(isalpha((unsigned char)*c));
	switch (*p->type) {
	case 'b':
		assert(p->number <= 1);
		break;
	case 'i':
		assert((int64_t)p->number >= INT32_MIN && (int64_t)p->number <= INT32_MAX);
		break;
	case 'u':
		assert(p->number <= UINT32_MAX);
		break;
	case 's':
		assert(p->text);
		break;
	case 'a':
		assert(strcmp(p->type, "as") == 0);
		break;
	default:
		assert(*p->type == 'x' || *p->type == 't');
	}
	/* A time in seconds is one in microseconds now, which has not come round. */
	if (seconds && strchr("iuxt", *p->type))
		assert(str_has_suffix(p->name, "USec") && *p->type == 't' &&
		       p->number % 1000000 == 0);
	else
		assert(strcmp(p->name, name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);
	char **lines autostrv = strv_split(text, '\n');

	for (size_t i = 0; lines[i] && i < 256; i++) {
		struct systemd_properties p autoproperties = { 0 };
		char *value = strchr(lines[i], '=');
		struct error *err;

		if (!value)
			continue;
		*value++ = '\0';
		err = systemd_parse_property(&p, lines[i], value);
		assert(!err || error_is(err, ERROR_BAD_INPUT));
		if (!err) {
			assert(p.n == 1);
			check(lines[i], &p.list[0]);
		}
		error_free(err);
	}
	return 0;
}
