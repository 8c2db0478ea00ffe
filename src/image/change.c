#include "image/change.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

#define CHANGE_MAX 65536
#define BLANKS " \t\r\n"

/* ---- words ---- */

/* One character inside quotes or not; returns how many bytes of @text it took. */
static size_t take_character(const char *text, char *quote, char *out, size_t *length)
{
	if (*quote ? *text == *quote : (*text == '"' || *text == '\'')) {
		*quote = *quote ? '\0' : *text;
		return 1;
	}
	if (*text == '\\' && *quote != '\'' && text[1]) {
		out[(*length)++] = text[1];
		return 2;
	}
	out[(*length)++] = *text;
	return 1;
}

/* The words of @text with quotes taken off. */
static struct error *split_words(const char *text, char ***ret)
{
	char *word autofree = alloc_zeroed(strlen(text) + 1, 1);

	for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
		size_t length = 0;
		char quote = '\0';

		while (*text && (quote || !strchr(BLANKS, *text)))
			text += take_character(text, &quote, word, &length);
		if (quote)
			return error_new(ERROR_BAD_INPUT, "a quote that does not end");
		strv_add_owned(ret, alloc_string_n(word, length));
	}
	return NULL;
}

/* A JSON array of strings; *@ret stays NULL where @text is none, which is then a shell's line. */
static void parse_json_list(const char *text, char ***ret)
{
	json_t *value autojson = NULL;
	struct error *err = json_parse(text, strlen(text), &value);
	const json_t *item;
	size_t i;

	if (err || !json_is_array(value)) {
		error_ignore(err, "it is the shell form");
		return;
	}
	json_array_foreach(value, i, item)
		if (!json_is_string(item))
			return;
	*ret = alloc_zeroed(json_array_size(value) + 1, sizeof(**ret));
	json_array_foreach(value, i, item)
		(*ret)[i] = alloc_string(json_string_value(item));
}

/* ---- the instructions ---- */

static struct error *set_command(char ***target, const char *text)
{
	char **list autostrv = NULL;

	parse_json_list(text, &list);
	if (!list) {
		strv_add(&list, "/bin/sh");
		strv_add(&list, "-c");
		strv_add(&list, text);
	}
	strv_free(*target);
	*target = take(list);
	return NULL;
}

static struct error *change_cmd(struct image_config *config, const char *text)
{
	return set_command(&config->cmd, text);
}

static struct error *change_entrypoint(struct image_config *config, const char *text)
{
	return set_command(&config->entrypoint, text);
}

typedef void set_pair(struct image_config *config, const char *name, const char *value);

/* NAME=VALUE words, or the old form of one NAME and the rest of the line. */
static struct error *change_pairs(struct image_config *config, const char *text, set_pair *set)
{
	char **words autostrv = NULL;
	size_t n;

	TRY(split_words(text, &words));
	n = strv_length(words);
	if (!strchr(words[0], '=')) {
		const char *rest = text + strcspn(text, BLANKS);

		if (n < 2)
			return error_new(ERROR_BAD_INPUT, "%.64s has no value", words[0]);
		set(config, words[0], rest + strspn(rest, BLANKS));
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		char *equals = strchr(words[i], '=');

		if (!equals || equals == words[i])
			return error_new(ERROR_BAD_INPUT, "\"%.64s\" is not NAME=VALUE", words[i]);
		*equals = '\0';
		set(config, words[i], equals + 1);
	}
	return NULL;
}

static void set_env(struct image_config *config, const char *name, const char *value)
{
	char *assignment autofree = alloc_printf("%s=%s", name, value);

	strv_env_set(&config->env, assignment);
}

static struct error *change_env(struct image_config *config, const char *text)
{
	return change_pairs(config, text, set_env);
}

static void set_label(struct image_config *config, const char *name, const char *value)
{
	for (char **l = config->labels; l && l[0]; l += 2) {
		if (strcmp(l[0], name) == 0) {
			free(l[1]);
			l[1] = alloc_string(value);
			return;
		}
	}
	strv_add(&config->labels, name);
	strv_add(&config->labels, value);
}

static struct error *change_label(struct image_config *config, const char *text)
{
	return change_pairs(config, text, set_label);
}

static void add_once(char ***set, const char *text)
{
	if (!strv_contains(*set, text))
		strv_add(set, text);
}

#define PORTS 65536

/* Which ports of @protocol are in @set. */
static void mark_ports(char *const *set, const char *protocol, bool there[PORTS])
{
	for (size_t i = 0; set && set[i]; i++) {
		const char *slash = strchr(set[i], '/');
		size_t port = 0;

		for (const char *c = set[i]; *c >= '0' && *c <= '9' && port < PORTS; c++)
			port = port * 10 + (size_t)(*c - '0');
		if (slash && port < PORTS && strcmp(slash + 1, protocol) == 0)
			there[port] = true;
	}
}

/* A range may be all ports: each is looked for, and the list made longer, once for all of them. */
static void add_ports(char ***set, size_t first, size_t last, const char *protocol)
{
	bool *there autofree = alloc_zeroed(PORTS, sizeof(*there));
	size_t n = strv_length(*set);

	mark_ports(*set, protocol, there);
	*set = alloc_resize(*set, n + (last - first + 1) + 1, sizeof(**set));
	for (size_t port = first; port <= last; port++)
		if (!there[port])
			(*set)[n++] = alloc_printf("%zu/%s", port, protocol);
	(*set)[n] = NULL;
}

/* PORT[-PORT][/PROTOCOL] */
static struct error *expose(struct image_config *config, char *word)
{
	char *protocol = strchr(word, '/'), *dash, tcp[] = "tcp";
	uint64_t first, last;

	if (protocol)
		*protocol++ = '\0';
	else
		protocol = tcp;
	if (strcasecmp(protocol, "tcp") != 0 && strcasecmp(protocol, "udp") != 0 &&
	    strcasecmp(protocol, "sctp") != 0)
		return error_new(ERROR_BAD_INPUT, "\"%.16s\" is not a protocol", protocol);
	dash = strchr(word, '-');
	if (dash)
		*dash++ = '\0';
	TRY(str_parse_u64(word, 1, 65535, &first));
	last = first;
	if (dash)
		TRY(str_parse_u64(dash, first, 65535, &last));
	for (char *c = protocol; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	add_ports(&config->exposed_ports, (size_t)first, (size_t)last, protocol);
	return NULL;
}

static struct error *change_expose(struct image_config *config, const char *text)
{
	char **words autostrv = NULL;

	TRY(split_words(text, &words));
	for (size_t i = 0; words && words[i]; i++)
		TRY(expose(config, words[i]));
	return NULL;
}

static struct error *change_volume(struct image_config *config, const char *text)
{
	char **list autostrv = NULL;

	parse_json_list(text, &list);
	if (!list)
		TRY(split_words(text, &list));
	for (size_t i = 0; list && list[i]; i++) {
		if (*list[i] != '/')
			return error_new(ERROR_BAD_INPUT, "\"%.64s\" is not an absolute path",
					 list[i]);
		add_once(&config->volumes, list[i]);
	}
	return NULL;
}

static void set_text(char **target, const char *text)
{
	free(*target);
	*target = alloc_string(text);
}

static struct error *change_stop_signal(struct image_config *config, const char *text)
{
	int number;

	TRY(proc_parse_signal(text, &number));
	set_text(&config->stop_signal, text);
	return NULL;
}

static struct error *change_user(struct image_config *config, const char *text)
{
	if (strpbrk(text, BLANKS))
		return error_new(ERROR_BAD_INPUT, "\"%.64s\" is not USER[:GROUP]", text);
	set_text(&config->user, text);
	return NULL;
}

static struct error *change_working_dir(struct image_config *config, const char *text)
{
	char *joined autofree = alloc_printf(
		"%s/%s", *text == '/' || !config->working_dir ? "" : config->working_dir, text);

	free(config->working_dir);
	config->working_dir = path_normalize(joined);
	return NULL;
}

/* Kept for whoever builds upon the image: only docker's rule of what cannot be in it is checked. */
static struct error *change_on_build(struct image_config *config, const char *text)
{
	static const char *const forbidden[] = { "ONBUILD", "FROM", "MAINTAINER" };
	size_t n = strcspn(text, BLANKS);

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++)
		if (strlen(forbidden[i]) == n && strncasecmp(forbidden[i], text, n) == 0)
			return error_new(ERROR_BAD_INPUT, "%s isn't allowed as a trigger",
					 forbidden[i]);
	strv_add(&config->on_build, text);
	return NULL;
}

static const struct {
	const char *name;
	struct error *(*apply)(struct image_config *config, const char *text);
} instructions[] = {
	{ "CMD", change_cmd },
	{ "ENTRYPOINT", change_entrypoint },
	{ "ENV", change_env },
	{ "EXPOSE", change_expose },
	{ "LABEL", change_label },
	{ "ONBUILD", change_on_build },
	{ "STOPSIGNAL", change_stop_signal },
	{ "USER", change_user },
	{ "VOLUME", change_volume },
	{ "WORKDIR", change_working_dir },
};

struct error *change_apply(struct image_config *config, const char *text)
{
	size_t n;
	char *rest autofree = NULL, *quoted autofree = NULL;

	if (strlen(text) > CHANGE_MAX)
		return error_new(ERROR_LIMIT, "a change of more than %d bytes", CHANGE_MAX);
	text += strspn(text, BLANKS);
	n = strcspn(text, BLANKS);
	rest = alloc_string(text + n + strspn(text + n, BLANKS));
	for (size_t end = strlen(rest); end && strchr(BLANKS, rest[end - 1]);)
		rest[--end] = '\0';
	for (size_t i = 0; i < sizeof(instructions) / sizeof(*instructions); i++) {
		const char *name = instructions[i].name;

		if (strlen(name) != n || strncasecmp(name, text, n) != 0)
			continue;
		if (!*rest)
			return error_new(ERROR_BAD_INPUT, "%s needs a value", name);
		return error_wrap(instructions[i].apply(config, rest), "%s", name);
	}
	quoted = str_quote(text);
	return error_new(ERROR_BAD_INPUT,
			 "%s is not a change that can be made: there are CMD, ENTRYPOINT, ENV,"
			 " EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR",
			 quoted);
}

struct error *change_apply_all(struct image_config *config, char *const *changes)
{
	for (size_t i = 0; changes && changes[i]; i++)
		TRY(change_apply(config, changes[i]));
	return NULL;
}
