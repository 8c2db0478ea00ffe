#include "helpers/fetch/challenge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

#include "base/banned.h"

#define VALUE_MAX 4096

/* tchar of RFC 9110, 5.6.2, and "/" and "=", which token68 has (11.2). */
#define TOKEN "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TOKEN68 TOKEN "/="

void challenge_done(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	*c = (struct challenge){ 0 };
}

static struct error *malformed(void)
{
	return error_new(ERROR_BAD_INPUT, "WWW-Authenticate is malformed");
}

static const char *skip(const char *p, const char *what)
{
	return p + strspn(p, what);
}

/* A quoted-string (RFC 9110, 5.6.4) from behind its first quote. */
static struct error *read_quoted(const char **p, char **ret)
{
	struct buf b autobuf = BUF_MAX(VALUE_MAX);

	for (; **p && **p != '"'; (*p)++) {
		if (**p == '\\' && (*p)[1])
			(*p)++;
		TRY(buf_add(&b, *p, 1));
	}
	if (**p != '"')
		return malformed();
	(*p)++;
	*ret = buf_take(&b);
	return NULL;
}

static struct error *read_value(const char **p, char **ret)
{
	size_t length;

	if (**p == '"') {
		(*p)++;
		return read_quoted(p, ret);
	}
	length = strspn(*p, TOKEN68);
	if (!length || length > VALUE_MAX)
		return malformed();
	*ret = alloc_string_n(*p, length);
	*p += length;
	return NULL;
}

static void keep(struct challenge *c, const char *name, size_t length, char **value)
{
	static const struct {
		const char *name;
		size_t offset;
	} known[] = {
		{ "realm", offsetof(struct challenge, realm) },
		{ "service", offsetof(struct challenge, service) },
		{ "scope", offsetof(struct challenge, scope) },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		char **at = (char **)((char *)c + known[i].offset);

		if (strlen(known[i].name) == length &&
		    strncasecmp(known[i].name, name, length) == 0 && !*at)
			*at = take(*value);
	}
}

/*
 * Parameters of one challenge, up to the next one: a token without "=" behind it begins that. *@p
 * is left there. @c NULL: they are passed over.
 */
static struct error *read_parameters(const char **p, struct challenge *c)
{
	for (;;) {
		const char *name = skip(*p, " \t,"), *after;
		size_t length = strspn(name, TOKEN);
		char *value autofree = NULL;

		*p = name;
		if (!*name)
			return NULL;
		if (!length)
			return malformed();
		after = skip(name + length, " \t");
		if (*after != '=')
			return NULL;
		*p = skip(after + 1, " \t");
		TRY(read_value(p, &value));
		if (c)
			keep(c, name, length, &value);
	}
}

/* Past the token68 that some schemes have in the place of parameters ("Negotiate abc/d=="). */
static const char *skip_token68(const char *p)
{
	size_t length = strspn(p, TOKEN68), bare = length;
	const char *after = skip(p + length, " \t");

	while (bare && p[bare - 1] == '=')
		bare--;
	return length && !memchr(p, '=', bare) && (!*after || *after == ',') ? after : p;
}

static bool is_scheme(const char *at, size_t length, const char *name)
{
	return strlen(name) == length && strncasecmp(at, name, length) == 0;
}

struct error *challenge_add(struct challenge *c, const char *text)
{
	const char *p = skip(text, " \t,");

	while (*p) {
		size_t length = strspn(p, TOKEN);
		bool bearer = is_scheme(p, length, "Bearer") && !c->bearer;

		if (!length)
			return malformed();
		c->basic = c->basic || is_scheme(p, length, "Basic");
		c->bearer = c->bearer || bearer;
		p = skip_token68(skip(p + length, " \t"));
		TRY(read_parameters(&p, bearer ? c : NULL));
	}
	return NULL;
}
