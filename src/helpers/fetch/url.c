#include "helpers/fetch/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

void url_free(CURLU **url)
{
	curl_url_cleanup(*url);
}

char *url_part(CURLU *url, CURLUPart part)
{
	char *found = NULL, *copy;

	if (curl_url_get(url, part, &found, CURLU_DEFAULT_PORT) != CURLUE_OK || !found)
		return alloc_string("");
	copy = alloc_string(found);
	curl_free(found);
	return copy;
}

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text autofree = url_part(url, part);

	return *text;
}

static struct error *check(CURLU *url)
{
	char *scheme autofree = url_part(url, CURLUPART_SCHEME);

	if (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0)
		return error_new(ERROR_REFUSED, "not http or https");
	if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
		return error_new(ERROR_REFUSED, "a password in it");
	if (!has_part(url, CURLUPART_HOST))
		return error_new(ERROR_BAD_INPUT, "no host in it");
	return NULL;
}

struct error *url_parse(const char *text, CURLU *base, CURLU **ret)
{
	CURLU *url autourl = base ? curl_url_dup(base) : curl_url();
	CURLUcode code;
	struct error *err;

	if (!url)
		return error_new(ERROR_SYSTEM, "libcurl: no memory");
	code = curl_url_set(url, CURLUPART_URL, text, 0);
	err = code == CURLUE_OK ? check(url)
				: error_new(ERROR_BAD_INPUT, "%s", curl_url_strerror(code));
	if (err)
		return error_wrap(err, "URL \"%.200s\"", text);
	*ret = url;
	url = NULL;
	return NULL;
}

bool url_same_host(CURLU *a, CURLU *b)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		char *left autofree = url_part(a, parts[i]),
			   *right autofree = url_part(b, parts[i]);

		if (strcasecmp(left, right) != 0)
			return false;
	}
	return true;
}

bool url_is_https(CURLU *url)
{
	char *scheme autofree = url_part(url, CURLUPART_SCHEME);

	return strcasecmp(scheme, "https") == 0;
}

struct error *url_add_query(CURLU *url, const char *name, const char *value)
{
	char *pair autofree = alloc_printf("%s=%s", name, value);
	CURLUcode code =
		curl_url_set(url, CURLUPART_QUERY, pair, CURLU_APPENDQUERY | CURLU_URLENCODE);

	return code == CURLUE_OK ? NULL
				 : error_new(ERROR_BAD_INPUT, "URL: %s", curl_url_strerror(code));
}
