#include "base/option.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

static struct error *set_bool(void *target, const char *value)
{
	return str_parse_bool(value, target);
}

static struct error *set_text(void *target, const char *value)
{
	char **text = target;

	free(*text);
	*text = alloc_string(value);
	return NULL;
}

static void free_text(void *target)
{
	char **text = target;

	free(*text);
	*text = NULL;
}

static struct error *add_to_list(void *target, const char *value)
{
	strv_add(target, value);
	return NULL;
}

static void free_list(void *target)
{
	char ***list = target;

	strv_free(*list);
	*list = NULL;
}

void option_map_set(char ***map, const char *key, const char *value)
{
	for (char **pair = *map; pair && *pair; pair += 2)
		if (strcmp(pair[0], key) == 0) {
			free(pair[1]);
			pair[1] = alloc_string(value);
			return;
		}
	strv_add(map, key);
	strv_add(map, value);
}

static struct error *add_to_map(void *target, const char *value)
{
	const char *equals = strchrnul(value, '=');
	char *key autofree = alloc_string_n(value, (size_t)(equals - value));

	if (!*key)
		return error_new(ERROR_BAD_INPUT, "the name before '=' is empty");
	option_map_set(target, key, *equals ? equals + 1 : "");
	return NULL;
}

static struct error *set_int(void *target, const char *value)
{
	int64_t number;

	TRY(str_parse_i64(value, INT_MIN, INT_MAX, &number));
	*(int *)target = (int)number;
	return NULL;
}

static struct error *set_int64(void *target, const char *value)
{
	return str_parse_i64(value, INT64_MIN, INT64_MAX, target);
}

const struct option_type option_bool = { .set = set_bool };
const struct option_type option_text = { .metavar = "string", .set = set_text, .done = free_text };
const struct option_type option_list = { .metavar = "list", .set = add_to_list, .done = free_list };
const struct option_type option_map = { .metavar = "map", .set = add_to_map, .done = free_list };
const struct option_type option_int = { .metavar = "int", .set = set_int };
const struct option_type option_int64 = { .metavar = "int", .set = set_int64 };

void option_done(const struct option *options, void *target)
{
	for (const struct option *o = options; o && o->name; o++)
		if (o->type->done)
			o->type->done((char *)target + o->offset);
}

/* An option that was found, and the place for its value. */
struct match {
	const struct option *option;
	void *target;
};

static bool find_long(const struct option_parse *p, const char *name, size_t length,
		      struct match *ret)
{
	for (size_t t = 0; t < 3 && p->tables[t]; t++)
		for (const struct option *o = p->tables[t]; o->name; o++)
			if (strncmp(o->name, name, length) == 0 && !o->name[length]) {
				*ret = (struct match){ o, (char *)p->targets[t] + o->offset };
				return true;
			}
	return false;
}

static bool find_letter(const struct option_parse *p, char letter, struct match *ret)
{
	for (size_t t = 0; t < 3 && p->tables[t]; t++)
		for (const struct option *o = p->tables[t]; o->name; o++)
			if (o->letter == letter) {
				*ret = (struct match){ o, (char *)p->targets[t] + o->offset };
				return true;
			}
	return false;
}

static struct error *set_value(const struct match *m, const char *value)
{
	const struct option *o = m->option;
	struct error *err = o->type->set(m->target, value);
	char *quoted autofree = NULL;

	if (!err)
		return NULL;
	quoted = str_quote(value);
	if (o->letter)
		return error_wrap(err, "invalid argument %s for \"-%c, --%s\" flag", quoted,
				  o->letter, o->name);
	return error_wrap(err, "invalid argument %s for \"--%s\" flag", quoted, o->name);
}

/*
 * "--name", "--name=value", "--name value"; *@argv moves over a value that is an argument of its
 * own.
 */
static struct error *read_long(struct option_parse *p, char ***argv)
{
	const char *name = **argv + 2;
	size_t length = strcspn(name, "=");
	struct match m;

	if (!length || *name == '-')
		return error_new(ERROR_BAD_INPUT, "bad flag syntax: %s", **argv);
	if (!find_long(p, name, length, &m)) {
		p->help = strcmp(name, "help") == 0;
		return p->help ? NULL
			       : error_new(ERROR_BAD_INPUT, "unknown flag: --%.*s", (int)length,
					   name);
	}
	if (name[length])
		return set_value(&m, name + length + 1);
	if (!m.option->type->metavar)
		return set_value(&m, "true");
	if (!(*argv)[1])
		return error_new(ERROR_BAD_INPUT, "flag needs an argument: --%s", name);
	return set_value(&m, *++*argv);
}

/*
 * One letter of a cluster; @letters moves to the next, or to the end where the rest was the value.
 */
static struct error *read_letter(struct option_parse *p, const char **letters, char ***argv)
{
	const char *cluster = **argv;
	char letter = *(*letters)++;
	struct match m;
	const char *value;

	if (!find_letter(p, letter, &m)) {
		p->help = letter == 'h';
		return p->help ? NULL
			       : error_new(ERROR_BAD_INPUT, "unknown shorthand flag: '%c' in %s",
					   letter, cluster);
	}
	if (**letters == '=') {
		value = *letters + 1;
	} else if (!m.option->type->metavar) {
		return set_value(&m, "true");
	} else if (**letters) {
		value = *letters;
	} else if ((*argv)[1]) {
		value = *++*argv;
	} else {
		return error_new(ERROR_BAD_INPUT, "flag needs an argument: '%c' in %s", letter,
				 cluster);
	}
	*letters = "";
	return set_value(&m, value);
}

static struct error *read_cluster(struct option_parse *p, char ***argv)
{
	const char *letters = **argv + 1;

	while (*letters && !p->help)
		TRY(read_letter(p, &letters, argv));
	return NULL;
}

static size_t count(char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

struct error *option_parse(struct option_parse *p, char **argv)
{
	char **arguments autofree = alloc_zeroed(count(argv) + 1, sizeof(*arguments));
	size_t n = 0;

	for (; *argv && !p->help; argv++) {
		if ((*argv)[0] != '-' || !(*argv)[1]) {
			if (p->stop_at_argument)
				break;
			arguments[n++] = *argv;
		} else if (strcmp(*argv, "--") == 0) {
			argv++;
			break;
		} else if ((*argv)[1] == '-') {
			TRY(read_long(p, &argv));
		} else {
			TRY(read_cluster(p, &argv));
		}
	}
	for (; *argv && !p->help; argv++)
		arguments[n++] = *argv;
	p->arguments = take(arguments);
	return NULL;
}
