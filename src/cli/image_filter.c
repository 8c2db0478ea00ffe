#include "cli/image_filter.h"

#include <fnmatch.h>
#include <string.h>

#include "cli/human.h"

#include "base/banned.h"

int64_t image_filter_created_ns(const struct image *image)
{
	int64_t ns = 0;
	struct error *err = human_parse_time(image->created ? image->created : "", &ns);

	error_ignore(err, "an image without a date is older than any other");
	return err ? 0 : ns;
}

bool image_filter_name(const char *name, const char *pattern)
{
	char *repository autofree = alloc_string(name);
	char *colon = strrchr(repository, ':');

	if (fnmatch(pattern, name, FNM_PATHNAME) == 0)
		return true;
	if (colon && !strchr(colon, '/'))
		*colon = '\0';
	return fnmatch(pattern, repository, FNM_PATHNAME) == 0;
}

struct error *image_filter_until(const struct image *image, const char *value, bool *ret)
{
	int64_t until_ns;

	TRY(error_wrap(human_parse_time(value, &until_ns), "invalid filter 'until=%s'", value));
	*ret = image_filter_created_ns(image) < until_ns;
	return NULL;
}
