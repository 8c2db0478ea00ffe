/*
 * JSON by tables: one struct json_type per C struct drives decoding, encoding, freeing and the text
 * of what is wrong ("process.capabilities.bounding[2]: not a string"). jansson parses (RFC 8259);
 * duplicate keys and NUL bytes are refused. A null value counts as absent, as in Go's decoder that
 * wrote most of what we read.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum json_kind {
	JSON_BOOL,    /* bool */
	JSON_INT64,   /* int64_t */
	JSON_INT32,   /* int32_t */
	JSON_UINT32,  /* uint32_t */
	JSON_UINT64,  /* uint64_t */
	JSON_TEXT,    /* char *, NULL when absent */
	JSON_TEXTS,   /* char **, a strv: array of strings */
	JSON_MAP,     /* char **, a strv of key, value, key, value: object of strings */
	JSON_SET,     /* char **, a strv of keys: Go's map[string]struct{} */
	JSON_NESTED,  /* struct in place, of .type */
	JSON_POINTER, /* struct *, of .type; NULL when absent */
	JSON_STRUCTS, /* struct * of .type, its length a size_t at .count */
	JSON_NAMED,   /* as JSON_STRUCTS, from an object: each key is its first member, a char * */
	JSON_ANY,     /* json_t *, an owned reference */
	JSON_BOOL_POINTER,   /* bool *, NULL when absent: where false is not the default */
	JSON_INT64_POINTER,  /* int64_t *, NULL when absent */
	JSON_UINT32_POINTER, /* uint32_t *, NULL when absent */
	JSON_UINT64_POINTER, /* uint64_t *, NULL when absent */
	JSON_UINT32S,	     /* uint32_t *, its length a size_t at .count: array of numbers */
};

/* The texts that a field may have, and what each stands for. */
struct json_word {
	const char *name;
	uint64_t value;
};
struct json_words {
	const char *what;	      /* "a kind of namespace" */
	const struct json_word *list; /* ends with .name NULL */
};

enum {
	JSON_REQUIRED = 1,   /* absent or null is an error */
	JSON_OMIT_EMPTY = 2, /* not encoded when false, 0, NULL, "", or a struct of only such */
};

/*
 * The members after .count narrow what a value may be. .words and .check are for texts: a
 * JSON_TEXT, each of JSON_TEXTS, each key of JSON_MAP and JSON_NAMED. A narrowed JSON_TEXT that is
 * "" counts as absent where the field is not required: Go's encoder may write it so.
 */
struct json_field {
	const char *name;
	enum json_kind kind;
	unsigned int flags;
	size_t offset;
	const struct json_type *type;
	size_t count;
	const struct json_words *words;
	/*
	 * Its error says only why ("\"x\" is not absolute"), the decoder puts the place before it.
	 */
	struct error *(*check)(const char *text);
	int64_t min; /* numbers; both 0: all that the kind can hold */
	uint64_t max;
};

struct json_type {
	size_t size;
	const struct json_field *fields; /* ends with .name NULL */
	bool strict; /* unknown keys are refused (files that people write for us) */
};

/* {.name = "Env", …} for a field of struct s; the member's name is given after the JSON name. */
/* clang-format off */
#define JSON_FIELD(s, json_name, member, json_kind_, json_flags)                                   \
	{ .name = (json_name), .kind = (json_kind_), .flags = (json_flags),                        \
	  .offset = offsetof(struct s, member) }
#define JSON_STRUCT(s, json_name, member, json_kind_, json_type_, json_flags)                      \
	{ .name = (json_name), .kind = (json_kind_), .flags = (json_flags),                        \
	  .offset = offsetof(struct s, member), .type = (json_type_) }
#define JSON_LIST(s, json_name, member, count_member, json_type_, json_flags)                      \
	{ .name = (json_name), .kind = JSON_STRUCTS, .flags = (json_flags),                        \
	  .offset = offsetof(struct s, member), .type = (json_type_),                              \
	  .count = offsetof(struct s, count_member) }
/* clang-format on */

/* Parses @length bytes of text; the caller json_decref()s. Errors name line and column. */
struct error *json_parse(const char *text, size_t length, json_t **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * json_parse() for documents with unsigned numbers: those of 2^63 to 2^64-1, which jansson has no
 * type for, are taken by JSON_UINT64 and JSON_UINT64_POINTER, and are of a wrong type anywhere
 * else. In the tree such a number is a string of NUL and its digits, which no document can spell.
 */
struct error *json_parse_wide(const char *text, size_t length, json_t **ret)
	__attribute__((nonnull, warn_unused_result));

/* Fills the zeroed @object from @value. On error @object is emptied again. */
struct error *json_decode(const struct json_type *type, const json_t *value, void *object)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* json_parse() and json_decode() in one. */
struct error *json_decode_text(const struct json_type *type, const char *text, size_t length,
			       void *object) __attribute__((nonnull, warn_unused_result));

/*
 * A new json_t of @object; the caller json_decref()s. Text that is no UTF-8 gets U+FFFD for each
 * byte that is not, as in Go.
 */
json_t *json_encode(const struct json_type *type, const void *object)
	__attribute__((nonnull, returns_nonnull));

/* @object as compact text; the caller frees. */
char *json_encode_text(const struct json_type *type, const void *object)
	__attribute__((nonnull, returns_nonnull));

/* The same over many lines, a tab for each level, as Go's json.MarshalIndent() has it. */
char *json_encode_lines(const struct json_type *type, const void *object)
	__attribute__((nonnull, returns_nonnull));

/* The word in the list, or NULL. */
const struct json_word *json_find_word(const struct json_words *words, const char *name)
	__attribute__((nonnull));

/* Frees what the fields of @object own and zeroes them; the struct itself stays. */
void json_done(const struct json_type *type, void *object) __attribute__((nonnull(1)));

/* Adds @text as a quoted JSON string, invalid UTF-8 replaced by U+FFFD. */
struct error *json_add_quoted(struct buf *b, const char *text, size_t length)
	__attribute__((nonnull, warn_unused_result));

/* A new array of the strings of the strv @list (NULL: of none), as json_encode() has them. */
json_t *json_texts(char *const *list) __attribute__((returns_nonnull));

void json_decref_p(json_t **value);
#define autojson __attribute__((cleanup(json_decref_p)))

/*
 * Whether @word stands in the JSON @text as a member's name, else as a value: for those to whom
 * parsing all of it would be most of their work. True wherever it does, and perhaps elsewhere: of a
 * text with "\u", by which it can be written otherwise, in any case.
 */
bool json_mentions(const char *text, const char *word, bool as_name) __attribute__((nonnull));
