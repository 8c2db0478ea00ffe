#include "cli/filter.h"

#include <string.h>

#include "base/strv.h"

#include "base/banned.h"

static struct error *add_filter(void *target, const char *value)
{
	char ***filters = target;
	const char *equals = strchr(value, '=');

	if (!equals || equals == value)
		return error_new(ERROR_BAD_INPUT, "bad format of filter (expected name=value)");
	strv_add_owned(filters, alloc_string_n(value, (size_t)(equals - value)));
	strv_add(filters, equals + 1);
	return NULL;
}

static void free_filters(void *target)
{
	option_list.done(target);
}

const struct option_type option_filter = { .metavar = "filter",
					   .set = add_filter,
					   .done = free_filters };

static const struct filter *find(const struct filter *known, const char *name)
{
	while (known->name && strcmp(known->name, name) != 0)
		known++;
	return known->name ? known : NULL;
}

struct error *filter_check(char *const *filters, const struct filter *known)
{
	for (; filters && *filters; filters += 2)
		if (!find(known, *filters))
			return error_new(ERROR_BAD_INPUT, "invalid filter '%s'", *filters);
	return NULL;
}

/* Whether any of the filters from @filter on that have its name holds. */
static struct error *any_of(char *const *filter, const struct filter *f, const void *subject,
			    bool *ret)
{
	*ret = false;
	for (; *filter && !*ret; filter += 2)
		if (strcmp(*filter, f->name) == 0)
			TRY(f->test(subject, filter[1], ret));
	return NULL;
}

static bool is_first(char *const *filters, char *const *filter)
{
	for (; filters < filter; filters += 2)
		if (strcmp(*filters, *filter) == 0)
			return false;
	return true;
}

struct error *filter_passes(char *const *filters, const struct filter *known, const void *subject,
			    bool *ret)
{
	*ret = true;
	for (char *const *f = filters; f && *f && *ret; f += 2) {
		const struct filter *filter = find(known, *f);

		if (strcmp(*f, "label") == 0 || strcmp(*f, "label!") == 0)
			TRY(filter->test(subject, f[1], ret));
		else if (is_first(filters, f))
			TRY(any_of(f, filter, subject, ret));
	}
	return NULL;
}

bool filter_label(char *const *labels, const char *wanted)
{
	size_t length = strcspn(wanted, "=");

	for (; labels && *labels; labels += 2)
		if (strncmp(*labels, wanted, length) == 0 && !(*labels)[length])
			return !wanted[length] || strcmp(labels[1], wanted + length + 1) == 0;
	return false;
}
