#include "helpers/fetch/lines.h"

#include <string.h>

#include "base/banned.h"

struct error *lines_add(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		return error_new(ERROR_SYSTEM, "libcurl: no memory");
	*list = longer;
	return NULL;
}

void lines_done(struct curl_slist **list)
{
	for (struct curl_slist *i = *list; i; i = i->next)
		explicit_bzero(i->data, strlen(i->data));
	curl_slist_free_all(*list);
	*list = NULL;
}
