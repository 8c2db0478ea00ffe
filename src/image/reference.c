#include "image/reference.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "image/image.h"

#include "base/banned.h"

#define NAME_MAX_LENGTH 255
#define TAG_MAX_LENGTH 128
#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN "index.docker.io"
#define OFFICIAL "library/"
#define DEFAULT_TAG "latest"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static struct error *bad_format(const char *text)
{
	char *quoted autofree = str_quote(text);

	return error_new(ERROR_BAD_INPUT, "invalid reference format: %s", quoted);
}

bool reference_is_hex(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= 64 && strspn(text, DIGITS "abcdef") == n;
}

/* The length of a separator between two alphanumeric runs of a path component: . _ __ or dashes. */
static size_t separator_length(const char *text)
{
	if (*text == '.')
		return 1;
	if (*text == '_')
		return text[1] == '_' ? 2 : 1;
	return strspn(text, "-");
}

/* component := [a-z0-9]+ (separator [a-z0-9]+)*, joined by '/' */
static bool is_path(const char *text)
{
	for (;;) {
		size_t n = strspn(text, LOWER DIGITS);

		if (!n)
			return false;
		text += n;
		if (!*text)
			return true;
		n = *text == '/' ? 1 : separator_length(text);
		if (!n)
			return false;
		text += n;
	}
}

/* domain := label ("." label)* [":" port], an IPv6 address in brackets, or one label */
static bool is_domain(const char *text)
{
	size_t n;

	if (*text == '[') {
		n = strspn(text + 1, DIGITS "abcdefABCDEF:");
		if (!n || text[n + 1] != ']')
			return false;
		text += n + 2;
	} else {
		for (;;) {
			n = strspn(text, LOWER UPPER DIGITS "-");
			if (!n || text[0] == '-' || text[n - 1] == '-')
				return false;
			text += n;
			if (*text != '.')
				break;
			text++;
		}
	}
	if (*text == ':') {
		n = strspn(text + 1, DIGITS);
		return n > 0 && !text[n + 1];
	}
	return !*text;
}

static bool is_tag(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= TAG_MAX_LENGTH && *text != '.' && *text != '-' &&
	       strspn(text, LOWER UPPER DIGITS "_.-") == n;
}

/* Whether the first component is where the image comes from, by docker's rule. */
static bool names_domain(const char *first)
{
	return strpbrk(first, ".:" UPPER) || *first == '[' || strcmp(first, "localhost") == 0;
}

/* Cuts @whole into domain (NULL: none given) and path. */
static void split_domain(char *whole, char **ret_domain, char **ret_path)
{
	char *slash = strchr(whole, '/');

	*ret_domain = NULL;
	*ret_path = whole;
	if (!slash)
		return;
	*slash = '\0';
	if (names_domain(whole)) {
		*ret_domain = whole;
		*ret_path = slash + 1;
	} else {
		*slash = '/';
	}
}

/* Whether the short form would be read as another name: its first component as a domain. */
static bool is_ambiguous(const char *path)
{
	size_t n = strcspn(path, "/");
	char *first autofree = alloc_string_n(path, n);

	return path[n] && names_domain(first);
}

static char *short_name(const char *domain, const char *path)
{
	if (!domain)
		domain = DEFAULT_DOMAIN;
	if (strcmp(domain, LEGACY_DOMAIN) == 0)
		domain = DEFAULT_DOMAIN;
	if (strcmp(domain, DEFAULT_DOMAIN) != 0 || is_ambiguous(path))
		return alloc_printf("%s/%s", domain, path);
	if (str_has_prefix(path, OFFICIAL) && !strchr(path + strlen(OFFICIAL), '/'))
		path += strlen(OFFICIAL);
	return alloc_string(path);
}

/* Cuts the tag off: the last ':' that no '/' follows, so that a port stays. */
static char *cut_tag(char *whole)
{
	char *colon = strrchr(whole, ':');

	if (!colon || strchr(colon, '/') || strchr(colon, ']'))
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static struct error *parse(char *whole, const char *text, struct reference *ret)
{
	char *digest = strchr(whole, '@'), *tag, *domain, *path;

	if (digest) {
		*digest++ = '\0';
		if (!digest_is_valid(digest))
			return bad_format(text);
	}
	tag = cut_tag(whole);
	if ((tag && !is_tag(tag)) || strlen(whole) > NAME_MAX_LENGTH)
		return bad_format(text);
	split_domain(whole, &domain, &path);
	if ((domain && !is_domain(domain)) || !is_path(path))
		return bad_format(text);
	ret->name = short_name(domain, path);
	if (reference_is_hex(ret->name) && strlen(ret->name) == 64) { /* it would be an image id */
		reference_done(ret);
		return bad_format(text);
	}
	ret->digest = alloc_string(digest);
	ret->tag = digest ? NULL : alloc_string(tag ? tag : DEFAULT_TAG);
	return NULL;
}

struct error *reference_parse(const char *text, struct reference *ret)
{
	char *whole autofree = alloc_string(text);

	return parse(whole, text, ret);
}

void reference_done(struct reference *ref)
{
	free(ref->name);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct reference){ 0 };
}

void reference_split(const struct reference *ref, char **ret_host, char **ret_repository)
{
	char *whole autofree = alloc_string(ref->name), *domain, *path;

	split_domain(whole, &domain, &path);
	*ret_host = alloc_string(domain ? domain : DEFAULT_DOMAIN);
	*ret_repository = domain || strchr(path, '/') ? alloc_string(path)
						      : alloc_printf(OFFICIAL "%s", path);
}

char *reference_text(const struct reference *ref)
{
	if (ref->digest)
		return alloc_printf("%s@%s", ref->name, ref->digest);
	return alloc_printf("%s:%s", ref->name, ref->tag);
}

struct error *image_reference_parse(const char *text, char **ret_short)
{
	struct reference ref autoreference = { 0 };

	TRY(reference_parse(text, &ref));
	if (ref.digest) {
		char *quoted autofree = str_quote(text);

		return error_new(ERROR_BAD_INPUT, "%s: a name for an image cannot have a digest",
				 quoted);
	}
	*ret_short = reference_text(&ref);
	return NULL;
}

struct error *image_reference_split(const char *text, char **ret_host, char **ret_repository,
				    char **ret_rest)
{
	struct reference ref autoreference = { 0 };

	TRY(reference_parse(text, &ref));
	reference_split(&ref, ret_host, ret_repository);
	*ret_rest = ref.digest ? alloc_printf("@%s", ref.digest) : alloc_printf(":%s", ref.tag);
	return NULL;
}
