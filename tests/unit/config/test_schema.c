/*
 * The tables of src/runtime/ against the specification's own JSON schema (tests/data): every member
 * that the schema has for Linux has a row that fits it, and there is no row beside. Then, for each
 * leaf: a good value arrives and is written again, each wrong one is refused with its place.
 */
#include "base/json.h"
#include "base/path.h"
#include "config/config_table.h"
#include "unit/config/config_fixture.h"

/* What the schema has and no table, and why. */
static const struct {
	const char *place, *why;
} left_out[] = {
	{ "solaris", "another system" },
	{ "windows", "another system" },
	{ "freebsd", "another system" },
	{ "zos", "another system" },
	{ "vm", "virtual machines" },
	{ "process.commandLine", "Windows alone; ignored elsewhere" },
};

/* Where a table allows what the schema does not, and why. */
static const struct {
	const char *place, *why;
} wider[] = {
	{ "linux.devices[].fileMode", "Docker leaves the bits of the file's type in it" },
	{ "linux.rootfsPropagation", "runc takes the recursive forms, and Docker writes them" },
};

static bool is_listed(const char *place, size_t n, const char *const (*list)[2])
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i][0], place) == 0)
			return true;
	return false;
}
#define LISTED(place, list)                                                                        \
	is_listed(place, sizeof(list) / sizeof(*(list)), (const char *const(*)[2])(list))

/* -- the schema ------------------------------------------------------------ */

/* A place in one of the schema's files. */
struct node {
	const json_t *value;
	size_t file;
};

static const char *const names[] = { "config-schema.json", "config-linux.json", "defs.json",
				     "defs-linux.json" };
enum { FILES = sizeof(names) / sizeof(*names) };

/* The fields from the root of the document down to where we are. */
struct step {
	const struct json_type *type;
	const struct json_field *field;
};

struct walk {
	json_t *files[FILES];
	struct step steps[16];
	size_t depth;
	size_t leaves;
};

static void load(struct walk *w)
{
	for (size_t i = 0; i < FILES; i++) {
		char *path autofree = alloc_printf("%s/oci-runtime-schema/%s", TEST_DATA, names[i]);
		char *text autofree = NULL;

		assert_ok(path_read_text(AT_FDCWD, path, 65536, &text));
		assert_ok(json_parse_wide(text, strlen(text), &w->files[i]));
	}
}

static const char *text_of(const json_t *value, const char *key)
{
	return json_string_value(json_object_get(value, key));
}

/* Follows "FILE#/a/b" until there is no reference any more. */
static struct node resolve(const struct walk *w, struct node n)
{
	const char *ref;

	while ((ref = text_of(n.value, "$ref"))) {
		char **parts autostrv = strv_split(strchr(ref, '#') + 2, '/');

		for (size_t i = 0; i < FILES; i++)
			if (strncmp(ref, names[i], strlen(names[i])) == 0)
				n.file = i;
		n.value = w->files[n.file];
		if (strncmp(ref, "config-", 7) == 0 &&
		    strncmp(ref, names[1], strlen(names[1])) != 0)
			return n; /* another system's, which is not here */
		for (size_t i = 0; parts[i]; i++)
			n.value = json_object_get(n.value, parts[i]);
		assert_non_null(n.value);
	}
	return n;
}

static bool in_enum(const json_t *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item) {
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

static void check_words(struct node n, const struct json_field *f, const char *place)
{
	const json_t *list = json_object_get(n.value, "enum");
	const json_t *item;
	size_t i;

	if (!list)
		return;
	if (!f->words)
		fail_msg("%s: the schema has a list of words", place);
	json_array_foreach((json_t *)list, i, item) {
		if (!json_find_word(f->words, json_string_value(item)))
			fail_msg("%s: %s is missing", place, json_string_value(item));
	}
	for (const struct json_word *word = f->words->list; word->name; word++)
		if (!in_enum(list, word->name) && !LISTED(place, wider))
			fail_msg("%s: %s is not in the schema", place, word->name);
}

/* What the field's kind can hold, unless the field says less. */
static void bounds_of(const struct json_field *f, double *min, double *max)
{
	bool is_signed = f->kind == JSON_INT64 || f->kind == JSON_INT64_POINTER;
	bool narrow =
		f->kind == JSON_UINT32 || f->kind == JSON_UINT32_POINTER || f->kind == JSON_UINT32S;

	*min = f->kind == JSON_INT32 ? INT32_MIN : is_signed ? (double)INT64_MIN : 0;
	*max = f->kind == JSON_INT32 ? INT32_MAX
	       : narrow		     ? UINT32_MAX
	       : is_signed	     ? (double)INT64_MAX
				     : (double)UINT64_MAX;
	if (f->min || f->max)
		*min = (double)f->min;
	if (f->max)
		*max = (double)f->max;
}

/* The one number of the schema that jansson does not hold is 2^64-1. */
static double number_of(const json_t *value)
{
	return json_is_string(value) ? (double)UINT64_MAX : json_number_value(value);
}

static void check_number(struct node n, const struct json_field *f, const char *place)
{
	const json_t *least = json_object_get(n.value, "minimum");
	const json_t *most = json_object_get(n.value, "maximum");
	double min, max;

	bounds_of(f, &min, &max);
	if (LISTED(place, wider))
		return;
	if (least && min < number_of(least))
		fail_msg("%s: holds less than the schema's %g", place, number_of(least));
	if (most && max > number_of(most))
		fail_msg("%s: holds more than the schema's %g", place, number_of(most));
	if (!f->min && !f->max && most && max < number_of(most))
		fail_msg("%s: cannot hold the schema's %g", place, number_of(most));
}

/* -- one leaf -------------------------------------------------------------- */

static bool is_number(const struct json_field *f)
{
	switch (f->kind) {
	case JSON_INT64:
	case JSON_INT32:
	case JSON_UINT32:
	case JSON_UINT64:
	case JSON_INT64_POINTER:
	case JSON_UINT32_POINTER:
	case JSON_UINT64_POINTER:
		return true;
	default:
		return false;
	}
}

/* A text that the field takes. */
static const char *good_text(const struct json_field *f)
{
	static const char *const samples[] = { "/x",  "1.0.0", "A=B",  "CAP_KILL", "2MB",
					       "rwm", "0-3",   "eth0", "MB:0=7" };

	if (f->words)
		return f->words->list[0].name;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		struct error *err = f->check ? f->check(samples[i]) : NULL;

		if (!err)
			return samples[i];
		error_free(err);
	}
	fail_msg("no sample for \"%s\"", f->name);
	return NULL;
}

static json_t *good_object(const struct json_type *type);

static json_t *good_value(const struct json_field *f)
{
	switch (f->kind) {
	case JSON_BOOL:
	case JSON_BOOL_POINTER:
		return json_true();
	case JSON_TEXT:
		return json_string(good_text(f));
	case JSON_TEXTS:
		return json_pack("[s]", good_text(f));
	case JSON_MAP:
		return json_pack("{s:s}", good_text(f), "v");
	case JSON_UINT32S:
		return json_pack("[i]", 7);
	case JSON_NESTED:
	case JSON_POINTER:
		return good_object(f->type);
	default:
		assert_true(is_number(f));
		return json_integer(f->max && f->max < 7 ? (json_int_t)f->max : 7);
	}
}

static json_t *good_object(const struct json_type *type)
{
	json_t *object = json_object();

	for (const struct json_field *f = type->fields; f->name; f++)
		if (f->flags & JSON_REQUIRED)
			json_object_set_new(object, f->name, good_value(f));
	return object;
}

/* A document in which the field we are at has @value, which is taken; all else is good. */
static json_t *document(const struct walk *w, json_t *value)
{
	for (size_t i = w->depth; i > 0; i--) {
		const struct step *step = &w->steps[i - 1];
		json_t *object = good_object(step->type);

		json_object_set_new(object, step->field->name, value);
		value = object;
		if (i > 1 && step[-1].field->kind == JSON_STRUCTS)
			value = json_pack("[o]", object);
		if (i > 1 && step[-1].field->kind == JSON_NAMED)
			value = json_pack("{s:o}", "eth0", object);
	}
	return value;
}

/* As messages have it, or as the schema's exceptions are listed: "linux.devices[].type". */
static char *place_of(const struct walk *w, bool message)
{
	char *place = alloc_string("");

	for (size_t i = 0; i < w->depth; i++) {
		const struct json_field *f = w->steps[i].field;
		const char *item = "";
		char *longer;

		if (i + 1 < w->depth && f->kind == JSON_STRUCTS)
			item = message ? "[0]" : "[]";
		if (i + 1 < w->depth && f->kind == JSON_NAMED)
			item = message ? ".eth0" : ".*";
		longer = alloc_printf("%s%s%s%s", place, i ? "." : "", f->name, item);
		free(place);
		place = longer;
	}
	return place;
}

static void refused(const struct walk *w, json_t *value, const char *why)
{
	json_t *whole autojson = document(w, value);
	char *place autofree = place_of(w, true);
	char *message autofree =
		alloc_printf("%s%s%s", place, *why == '[' || *why == '.' ? "" : ": ", why);
	struct config c autoconfig = { 0 };
	struct error *err autoerror = json_decode(&config_type, whole, &c);

	if (!err || strcmp(error_message(err), message) != 0)
		fail_msg("%s\n  not: %s", err ? error_message(err) : "taken", message);
}

static void wrong_numbers(const struct walk *w, const struct json_field *f)
{
	char *below autofree =
		alloc_printf("%jd is below %jd", (intmax_t)f->min - 1, (intmax_t)f->min);
	char *above autofree =
		alloc_printf("%ju is above %ju", (uintmax_t)f->max + 1, (uintmax_t)f->max);

	refused(w, json_string("x"), "\"x\" is not a number");
	refused(w, json_real(1.5), "1.5 is not a whole number");
	refused(w, json_pack("[]"), "an array is not a number");
	if (f->min || f->max)
		refused(w, json_integer(f->min - 1), below);
	if (f->max)
		refused(w, json_integer((json_int_t)f->max + 1), above);
}

static void wrong_texts(const struct walk *w, const struct json_field *f)
{
	char *why autofree = NULL;

	refused(w, json_integer(7), "not a string");
	refused(w,
		json_stringn_nocheck("\0"
				     "18446744073709551615",
				     21),
		"not a string");
	if (!f->words)
		return;
	why = alloc_printf("\"WRONG\" is not %s", f->words->what);
	refused(w, json_string("WRONG"), why);
}

static void wrong_values(const struct walk *w, const struct json_field *f)
{
	if (is_number(f))
		wrong_numbers(w, f);
	else if (f->kind == JSON_TEXT)
		wrong_texts(w, f);
	else if (f->kind == JSON_BOOL || f->kind == JSON_BOOL_POINTER)
		refused(w, json_integer(1), "not true or false");
	else if (f->kind == JSON_TEXTS)
		refused(w, json_pack("[s,i]", good_text(f), 7), "[1]: not a string");
	else if (f->kind == JSON_UINT32S)
		refused(w, json_pack("[i,s]", 7, "x"), "[1]: \"x\" is not a number");
	else if (f->kind == JSON_MAP)
		refused(w, json_pack("{s:i}", "k", 7), ".k: not a string");
	if (f->kind == JSON_TEXTS || f->kind == JSON_UINT32S)
		refused(w, json_string("x"), "not an array");
	if (f->kind == JSON_MAP)
		refused(w, json_string("x"), "not an object");
}

/* What is read is written again where it was. */
static void good_values(const struct walk *w, const struct json_field *f)
{
	json_t *value = good_value(f);
	json_t *whole autojson = document(w, json_incref(value));
	json_t *again autojson = NULL;
	char *place autofree = place_of(w, true);
	struct config c autoconfig = { 0 };
	const json_t *at;

	assert_ok(json_decode(&config_type, whole, &c));
	again = json_encode(&config_type, &c);
	at = again;
	for (size_t i = 0; i < w->depth; i++) {
		at = json_object_get(at, w->steps[i].field->name);
		if (i + 1 < w->depth && w->steps[i].field->kind == JSON_STRUCTS)
			at = json_array_get(at, 0);
		if (i + 1 < w->depth && w->steps[i].field->kind == JSON_NAMED)
			at = json_object_get(at, "eth0");
	}
	if (!json_equal(at, value))
		fail_msg("%s: not written as it was read", place);
	json_decref(value);
}

/* -- the two together ------------------------------------------------------ */

static void check_object(struct walk *w, struct node n, const struct json_type *type);

static void check_leaf(struct walk *w, struct node n, const struct json_field *f, const char *place)
{
	if (strcmp(text_of(n.value, "type"), "integer") == 0 || f->kind == JSON_UINT32S)
		check_number(n, f, place);
	else
		check_words(n, f, place);
	w->leaves++;
	good_values(w, f);
	wrong_values(w, f);
}

/* An array of structs, or of what is itself a leaf. */
static void check_list(struct walk *w, struct node n, const struct json_field *f, const char *place)
{
	struct node item = { json_object_get(n.value, "items"), n.file };

	if (json_object_get(item.value, "anyOf"))
		item.value = json_array_get(json_object_get(item.value, "anyOf"), 0);
	item = resolve(w, item);
	if (f->kind == JSON_TEXTS || f->kind == JSON_UINT32S) {
		const char *type = f->kind == JSON_TEXTS ? "string" : "integer";

		assert_string_equal(text_of(item.value, "type"), type);
		check_leaf(w, item, f, place);
		return;
	}
	if (f->kind != JSON_STRUCTS)
		fail_msg("%s: the schema has an array", place);
	refused(w, json_object(), "not an array");
	refused(w, json_pack("[i]", 7), "[0]: not an object");
	check_object(w, item, f->type);
}

static void check_map(struct walk *w, struct node n, const struct json_field *f, const char *place)
{
	struct node item = { json_object_get(n.value, "additionalProperties"), n.file };

	if (!item.value) {
		if (f->kind != JSON_MAP)
			fail_msg("%s: the schema has an object of strings", place);
		w->leaves++;
		good_values(w, f);
		wrong_values(w, f);
		return;
	}
	if (f->kind != JSON_NAMED)
		fail_msg("%s: the schema has an object by name", place);
	refused(w, json_array(), "not an object");
	refused(w, json_pack("{s:i}", "eth0", 7), ".eth0: not an object");
	check_object(w, resolve(w, item), f->type);
}

static bool fits(const char *type, const struct json_field *f)
{
	if (strcmp(type, "string") == 0)
		return f->kind == JSON_TEXT;
	if (strcmp(type, "boolean") == 0)
		return f->kind == JSON_BOOL || f->kind == JSON_BOOL_POINTER;
	return strcmp(type, "integer") == 0 && is_number(f);
}

static void check_member(struct walk *w, struct node n, const struct json_field *f,
			 const char *place)
{
	const char *type = text_of(n.value, "type");

	if (type && strcmp(type, "array") == 0) {
		check_list(w, n, f, place);
	} else if (json_object_get(n.value, "additionalProperties") ||
		   json_object_get(n.value, "patternProperties")) {
		check_map(w, n, f, place);
	} else if (json_object_get(n.value, "properties") || json_object_get(n.value, "allOf")) {
		if (f->kind != JSON_NESTED && f->kind != JSON_POINTER)
			fail_msg("%s: the schema has an object", place);
		refused(w, json_integer(7), "not an object");
		check_object(w, n, f->type);
	} else {
		if (!type || !fits(type, f))
			fail_msg("%s: the schema has a %s", place, type ? type : "?");
		check_leaf(w, n, f, place);
	}
}

/* The row of @name, which becomes the last step. */
static const struct json_field *enter(struct walk *w, const struct json_type *type,
				      const char *name)
{
	static const struct json_field none[] = { { 0 } };
	const struct json_field *f = type ? type->fields : none;

	while (f->name && strcmp(f->name, name) != 0)
		f++;
	assert_true(w->depth < sizeof(w->steps) / sizeof(*w->steps));
	w->steps[w->depth++] = (struct step){ type, f };
	return f->name ? f : NULL;
}

/* Goes over the members that @n has, and returns how many of them have a row. */
static size_t check_members(struct walk *w, struct node n, const struct json_type *type)
{
	const json_t *parts = json_object_get(n.value, "allOf");
	const char *name;
	json_t *value;
	size_t i, rows = 0;

	json_object_foreach(json_object_get(n.value, "properties"), name, value) {
		const struct json_field *f = enter(w, type, name);
		char *place autofree = NULL;

		if (f) {
			place = place_of(w, false);
			check_member(w, resolve(w, (struct node){ value, n.file }), f, place);
			w->depth--;
			rows++;
			continue;
		}
		w->depth--;
		place = w->depth ? place_of(w, false) : alloc_string("");
		{
			char *whole autofree =
				alloc_printf("%s%s%s", place, *place ? "." : "", name);

			if (!LISTED(whole, left_out))
				fail_msg("%s: has no row", whole);
		}
	}
	json_array_foreach((json_t *)parts, i, value) {
		rows += check_members(w, resolve(w, (struct node){ value, n.file }), type);
	}
	return rows;
}

static void check_object(struct walk *w, struct node n, const struct json_type *type)
{
	char *place autofree = place_of(w, false);
	size_t rows = 0;

	for (const struct json_field *f = type->fields; f->name; f++, rows++)
		for (const struct json_field *other = type->fields; other < f; other++)
			if (other->offset == f->offset)
				fail_msg("%s and %s of \"%s\" are one member", other->name, f->name,
					 place);
	if (check_members(w, n, type) != rows)
		fail_msg("\"%s\": rows that the schema does not have", place);
}

static void every_leaf_of_the_schema_has_a_row(void **state)
{
	struct walk w = { 0 };

	(void)state;
	load(&w);
	check_object(&w, (struct node){ w.files[0], 0 }, &config_type);
	assert_true(w.leaves >= 173);
	for (size_t i = 0; i < FILES; i++)
		json_decref(w.files[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_leaf_of_the_schema_has_a_row),
	};

	return TEST_MAIN(tests);
}
