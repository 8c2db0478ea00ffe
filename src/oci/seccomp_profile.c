#include "oci/seccomp_profile.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <linux/version.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/caps.h"
#include "base/json.h"
#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

/* Newer than the kernel headers of Debian 12. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define ERRNO_MAX 4095 /* MAX_ERRNO: the kernel cuts what is larger */

/* The JSON as it stands; the words in it are looked up afterwards. */
struct json_arg {
	int64_t index, value, value_two;
	char *op;
};

struct json_filter {
	char **caps, **arches;
	char *min_kernel;
};

struct json_call {
	char **names, *name, *action;
	json_t *errno_ret; /* absent and 0 differ */
	struct json_arg *args;
	size_t n_args;
	struct json_filter includes, excludes;
};

struct json_arch {
	char *architecture, **sub_architectures;
};

struct json_profile {
	char *default_action;
	json_t *default_errno_ret;
	char **architectures, **flags;
	struct json_arch *arch_map;
	size_t n_arch_map;
	struct json_call *calls;
	size_t n_calls;
};

static const struct json_type arg_type = {
	.size = sizeof(struct json_arg),
	.fields =
		(const struct json_field[]){
			JSON_FIELD(json_arg, "index", index, JSON_INT64, JSON_REQUIRED),
			JSON_FIELD(json_arg, "value", value, JSON_INT64, 0),
			JSON_FIELD(json_arg, "valueTwo", value_two, JSON_INT64, 0),
			JSON_FIELD(json_arg, "op", op, JSON_TEXT, JSON_REQUIRED),
			{ 0 },
		},
};

static const struct json_type filter_type = {
	.size = sizeof(struct json_filter),
	.fields =
		(const struct json_field[]){
			JSON_FIELD(json_filter, "caps", caps, JSON_TEXTS, 0),
			JSON_FIELD(json_filter, "arches", arches, JSON_TEXTS, 0),
			JSON_FIELD(json_filter, "minKernel", min_kernel, JSON_TEXT, 0),
			{ 0 },
		},
};

static const struct json_type call_type = {
	.size = sizeof(struct json_call),
	.fields =
		(const struct json_field[]){
			JSON_FIELD(json_call, "names", names, JSON_TEXTS, 0),
			JSON_FIELD(json_call, "name", name, JSON_TEXT, 0),
			JSON_FIELD(json_call, "action", action, JSON_TEXT, JSON_REQUIRED),
			JSON_FIELD(json_call, "errnoRet", errno_ret, JSON_ANY, 0),
			JSON_LIST(json_call, "args", args, n_args, &arg_type, 0),
			JSON_STRUCT(json_call, "includes", includes, JSON_NESTED, &filter_type, 0),
			JSON_STRUCT(json_call, "excludes", excludes, JSON_NESTED, &filter_type, 0),
			{ 0 },
		},
};

static const struct json_type arch_type = {
	.size = sizeof(struct json_arch),
	.fields =
		(const struct json_field[]){
			JSON_FIELD(json_arch, "architecture", architecture, JSON_TEXT,
				   JSON_REQUIRED),
			JSON_FIELD(json_arch, "subArchitectures", sub_architectures, JSON_TEXTS, 0),
			{ 0 },
		},
};

static const struct json_type profile_type = {
	.size = sizeof(struct json_profile),
	.fields =
		(const struct json_field[]){
			JSON_FIELD(json_profile, "defaultAction", default_action, JSON_TEXT,
				   JSON_REQUIRED),
			JSON_FIELD(json_profile, "defaultErrnoRet", default_errno_ret, JSON_ANY, 0),
			JSON_FIELD(json_profile, "architectures", architectures, JSON_TEXTS, 0),
			JSON_FIELD(json_profile, "flags", flags, JSON_TEXTS, 0),
			JSON_LIST(json_profile, "archMap", arch_map, n_arch_map, &arch_type, 0),
			JSON_LIST(json_profile, "syscalls", calls, n_calls, &call_type, 0),
			{ 0 },
		},
};

static void json_profile_done(struct json_profile *p)
{
	json_done(&profile_type, p);
}

void seccomp_profile_done(struct seccomp_profile *profile)
{
	for (size_t i = 0; i < profile->n_rules; i++) {
		strv_free(profile->rules[i].names);
		free(profile->rules[i].conditions);
	}
	free(profile->rules);
	*profile = (struct seccomp_profile){ 0 };
}

/* "WHERE.message of @err", a path: error_wrap() would put ": " between. */
static __attribute__((format(printf, 2, 3))) struct error *below(struct error *err,
								 const char *where, ...)
{
	struct error *joined;
	char *prefix autofree = NULL;
	va_list args;

	va_start(args, where);
	if (vasprintf(&prefix, where, args) < 0)
		prefix = NULL;
	va_end(args);
	joined = error_new(error_kind(err), "%s.%s", prefix ? prefix : "", error_message(err));
	error_free(err);
	return joined;
}

static struct error *unknown(const char *word, const char *what)
{
	char *quoted autofree = str_quote(word);

	return error_new(ERROR_BAD_INPUT, "%s is not %s", quoted, what);
}

/* Adds the number at @text to @b, from 2^63 on as the int64_t of the same bits. */
static struct error *fold_number(struct buf *b, const char *text, size_t digits)
{
	char *number autofree = NULL;
	uint64_t value;

	if (digits < strlen("9223372036854775808"))
		return buf_add(b, text, digits);
	number = alloc_string_n(text, digits);
	TRY(str_parse_u64(number, 0, UINT64_MAX, &value));
	return buf_printf(b, "%lld", (long long)value);
}

/*
 * Arguments are unsigned and jansson's integers are not: values from 2^63 on are handed to it as
 * negative numbers, which therefore must not be there before.
 */
static struct error *fold_numbers(const char *json, size_t length, struct buf *b)
{
	bool quoted = false;

	for (size_t i = 0; i < length;) {
		size_t n = 1;

		if (quoted && json[i] == '\\' && i + 1 < length)
			n = 2;
		else if (json[i] == '"')
			quoted = !quoted;
		else if (!quoted && json[i] == '-')
			return error_new(ERROR_BAD_INPUT, "a negative number");
		else if (!quoted && isdigit((unsigned char)json[i]))
			while (i + n < length && isdigit((unsigned char)json[i + n]))
				n++;
		if (!quoted && isdigit((unsigned char)json[i]))
			TRY(fold_number(b, json + i, n));
		else
			TRY(buf_add(b, json + i, n));
		i += n;
	}
	return NULL;
}

/* Architectures as libseccomp spells them (seccomp_arch_add(3)). */
static const char *const arch_names[] = {
	"NATIVE",      "X86",	      "X86_64", "X32",	    "ARM",	 "AARCH64",
	"LOONGARCH64", "M68K",	      "MIPS",	"MIPS64",   "MIPS64N32", "MIPSEL",
	"MIPSEL64",    "MIPSEL64N32", "PARISC", "PARISC64", "PPC",	 "PPC64",
	"PPC64LE",     "RISCV64",     "S390",	"S390X",    "SH",	 "SHEB",
};

/* This machine, in the profile's two ways of naming it: libseccomp's, and Go's with x86 for 386. */
#if defined(__x86_64__)
#define NATIVE_ARCH "SCMP_ARCH_X86_64"
#define NATIVE_GOARCH "amd64"
#elif defined(__aarch64__)
#define NATIVE_ARCH "SCMP_ARCH_AARCH64"
#define NATIVE_GOARCH "arm64"
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH "SCMP_ARCH_RISCV64"
#define NATIVE_GOARCH "riscv64"
#else
#error "this machine's architecture is unknown to the filter compiler"
#endif

static struct error *check_arch(const char *name)
{
	const char *bare = str_has_prefix(name, "SCMP_ARCH_") ? name + strlen("SCMP_ARCH_") : "";

	for (size_t i = 0; i < sizeof(arch_names) / sizeof(*arch_names); i++)
		if (strcmp(bare, arch_names[i]) == 0)
			return NULL;
	return unknown(name, "an architecture");
}

static struct error *check_arches(char *const *list, const char *where)
{
	for (size_t i = 0; list && list[i]; i++)
		TRY(error_wrap(check_arch(list[i]), "%s[%zu]", where, i));
	return NULL;
}

/* Checks every architecture named, and finds whether i386 is open as far as the profile goes. */
static struct error *read_arches(const struct json_profile *p, bool *ret_i386, bool *ret_x32)
{
	bool i386 = !p->architectures && p->n_arch_map == 0;

	if (p->architectures && p->n_arch_map)
		return error_new(ERROR_BAD_INPUT, "archMap: architectures is there too");
	TRY(check_arches(p->architectures, "architectures"));
	if (p->architectures)
		i386 = strv_contains(p->architectures, "SCMP_ARCH_X86");
	*ret_x32 = p->architectures && strv_contains(p->architectures, "SCMP_ARCH_X32");
	for (size_t i = 0; i < p->n_arch_map; i++) {
		const struct json_arch *a = &p->arch_map[i];
		char *where autofree = alloc_printf("archMap[%zu].subArchitectures", i);

		TRY(error_wrap(check_arch(a->architecture), "archMap[%zu].architecture", i));
		TRY(check_arches(a->sub_architectures, where));
		if (strcmp(a->architecture, NATIVE_ARCH) == 0)
			i386 |= strv_contains(a->sub_architectures, "SCMP_ARCH_X86");
	}
	*ret_i386 = i386;
	return NULL;
}

static struct error *read_flags(char *const *list, bool listener, unsigned int *ret)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} flags[] = {
		{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
		{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
		{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
		{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
		  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	};

	for (size_t i = 0; list && list[i]; i++) {
		size_t f = 0;

		while (f < sizeof(flags) / sizeof(*flags) && strcmp(flags[f].name, list[i]) != 0)
			f++;
		if (f == sizeof(flags) / sizeof(*flags))
			return error_wrap(unknown(list[i], "a filter flag"), "flags[%zu]", i);
		if (flags[f].flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV && !listener)
			return error_new(ERROR_UNSUPPORTED,
					 "flags[%zu]: %s needs a listener for notifications, and "
					 "there is none here",
					 i, list[i]);
		*ret |= (unsigned int)flags[f].flag;
	}
	return NULL;
}

struct action {
	const char *name;
	uint32_t value;
	uint32_t errno_max; /* 0: takes none */
};

static struct error *find_action(const char *name, const struct action **ret)
{
	static const struct action actions[] = {
		{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, 0 },
		{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, ERRNO_MAX },
		{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, 0 },
		{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, 0 },
		{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, 0 },
		{ "SCMP_ACT_LOG", SECCOMP_RET_LOG, 0 },
		{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF, 0 },
		{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE, SECCOMP_RET_DATA },
		{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP, 0 },
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(actions[i].name, name) == 0) {
			*ret = &actions[i];
			return NULL;
		}
	}
	return unknown(name, "an action");
}

/*
 * The action @name with its errno, EPERM when none is given. @strict: an errno with an action that
 * takes none is an error, as the OCI spec says.
 */
static struct error *read_action(const char *name, const json_t *number, bool strict, uint32_t *ret)
{
	const struct action *action = NULL;
	json_int_t data = EPERM;

	TRY(find_action(name, &action));
	if (number && !action->errno_max && strict)
		return error_new(ERROR_BAD_INPUT, "%s takes no errno", name);
	if (number && action->errno_max) {
		if (!json_is_integer(number))
			return error_new(ERROR_BAD_INPUT, "its errno is not a whole number");
		data = json_integer_value(number);
		if (data < 0 || data > action->errno_max)
			return error_new(ERROR_BAD_INPUT, "its errno is not in the range 0-%u",
					 action->errno_max);
	}
	*ret = action->value | (action->errno_max ? (uint32_t)data : 0);
	return NULL;
}

/* "4.8" or "4.8.1": at most the first two numbers count. */
static struct error *read_kernel(const char *text, unsigned int *ret)
{
	char **parts autostrv = strv_split(text, '.');
	uint64_t major, minor;

	if (strv_length(parts) < 2)
		return unknown(text, "a kernel version");
	TRY(str_parse_u64(parts[0], 0, 255, &major));
	TRY(str_parse_u64(parts[1], 0, 255, &minor));
	*ret = KERNEL_VERSION((unsigned int)major, (unsigned int)minor, 0);
	return NULL;
}

/* Names that this program does not know no container has: newer profiles may have them. */
static bool has_cap(const struct seccomp_options *options, const char *name)
{
	unsigned int bit;
	struct error *err = caps_parse(name, &bit);

	if (err) {
		error_ignore(err, "a capability that nobody has");
		return false;
	}
	return options->capabilities >> bit & 1;
}

static size_t count_caps(const struct seccomp_options *options, char *const *names)
{
	size_t n = 0;

	for (size_t i = 0; names && names[i]; i++)
		n += has_cap(options, names[i]);
	return n;
}

/* docker's rule: all that is included must hold, nothing that is excluded may. */
static struct error *decide(const struct json_call *call, const struct seccomp_options *options,
			    bool *ret_applies)
{
	const struct json_filter *in = &call->includes, *out = &call->excludes;
	unsigned int from = 0, below = UINT_MAX;

	if (in->min_kernel)
		TRY(error_wrap(read_kernel(in->min_kernel, &from), "includes.minKernel"));
	if (out->min_kernel)
		TRY(error_wrap(read_kernel(out->min_kernel, &below), "excludes.minKernel"));
	*ret_applies = count_caps(options, in->caps) == strv_length(in->caps) &&
		       count_caps(options, out->caps) == 0 &&
		       (!in->arches || strv_contains(in->arches, NATIVE_GOARCH)) &&
		       (!out->arches || !strv_contains(out->arches, NATIVE_GOARCH)) &&
		       options->kernel_version >= from && options->kernel_version < below;
	return NULL;
}

static struct error *read_condition(const struct json_arg *arg, struct seccomp_condition *ret)
{
	static const char *const ops[] = {
		[SECCOMP_NE] = "SCMP_CMP_NE",
		[SECCOMP_LT] = "SCMP_CMP_LT",
		[SECCOMP_LE] = "SCMP_CMP_LE",
		[SECCOMP_EQ] = "SCMP_CMP_EQ",
		[SECCOMP_GE] = "SCMP_CMP_GE",
		[SECCOMP_GT] = "SCMP_CMP_GT",
		[SECCOMP_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
	};
	size_t op = 0;

	while (op < sizeof(ops) / sizeof(*ops) && strcmp(ops[op], arg->op) != 0)
		op++;
	if (op == sizeof(ops) / sizeof(*ops))
		return error_wrap(unknown(arg->op, "a comparison"), "op");
	if (arg->index < 0 || arg->index > 5)
		return error_new(ERROR_BAD_INPUT, "index: not in the range 0-5");
	*ret = (struct seccomp_condition){
		.index = (unsigned int)arg->index,
		.compare = (enum seccomp_compare)op,
		.value = (uint64_t)arg->value,
		.mask = UINT64_MAX,
	};
	if (ret->compare == SECCOMP_MASKED_EQ) { /* the mask comes first in the format */
		ret->mask = (uint64_t)arg->value;
		ret->value = (uint64_t)arg->value_two & ret->mask; /* as seccomp_rule_add(3) */
	}
	return NULL;
}

static struct error *read_conditions(const struct json_call *call, struct seccomp_rule *rule)
{
	unsigned int seen = 0;

	rule->conditions = alloc_zeroed(call->n_args, sizeof(*rule->conditions));
	for (size_t i = 0; i < call->n_args; i++) {
		struct seccomp_condition *c = &rule->conditions[i];
		struct error *err = read_condition(&call->args[i], c);

		if (err)
			return below(err, "args[%zu]", i);
		rule->any |= (seen >> c->index & 1) != 0;
		seen |= 1U << c->index;
		rule->n_conditions++;
	}
	return NULL;
}

static struct error *read_names(struct json_call *call, struct seccomp_rule *rule)
{
	if (call->name && call->names)
		return error_new(ERROR_BAD_INPUT, "name: names is there too");
	if (call->name)
		strv_add_owned(&rule->names, take(call->name));
	else
		rule->names = take(call->names);
	return NULL;
}

static struct error *refuse_notification(uint32_t action, const char *where)
{
	return action != SECCOMP_RET_USER_NOTIF
		       ? NULL
		       : error_new(
				 ERROR_UNSUPPORTED,
				 "%s: SCMP_ACT_NOTIFY needs a listener for notifications, and there is "
				 "none here",
				 where);
}

/* Moves what it can out of @call. */
static struct error *read_rule(struct json_call *call, const struct seccomp_options *options,
			       struct seccomp_rule *rule)
{
	const struct action *action;

	TRY(read_names(call, rule));
	TRY(read_conditions(call, rule));
	TRY(decide(call, options, &rule->applies));
	if (rule->applies) {
		TRY(error_wrap(read_action(call->action, call->errno_ret, true, &rule->action),
			       "action"));
		return options->listener ? NULL : refuse_notification(rule->action, "action");
	}
	return error_wrap(find_action(call->action, &action), "action");
}

static struct error *convert(struct json_profile *p, const struct seccomp_options *options,
			     struct seccomp_profile *ret)
{
	TRY(read_arches(p, &ret->i386, &ret->x32));
	TRY(read_flags(p->flags, options->listener, &ret->flags));
	/* not strict: who turns docker's default into SCMP_ACT_LOG often leaves its errno there */
	TRY(error_wrap(read_action(p->default_action, p->default_errno_ret, false,
				   &ret->default_action),
		       "defaultAction"));
	/* The answer to every call could not even be waited for. */
	TRY(refuse_notification(ret->default_action, "defaultAction"));
	ret->rules = alloc_zeroed(p->n_calls, sizeof(*ret->rules));
	for (size_t i = 0; i < p->n_calls; i++) {
		struct error *err;

		ret->n_rules++;
		err = read_rule(&p->calls[i], options, &ret->rules[i]);
		if (err)
			return below(err, "syscalls[%zu]", i);
		ret->notifies |= ret->rules[i].action == SECCOMP_RET_USER_NOTIF;
	}
	return NULL;
}

struct error *seccomp_profile_read(const char *json, size_t length,
				   const struct seccomp_options *options,
				   struct seccomp_profile *ret)
{
	struct json_profile p __attribute__((cleanup(json_profile_done))) = { 0 };
	struct seccomp_profile profile autoseccompprofile = { 0 };
	struct buf text autobuf = BUF_MAX(2 * SECCOMP_PROFILE_MAX);

	if (length > SECCOMP_PROFILE_MAX)
		return error_new(ERROR_LIMIT, "larger than %d bytes", SECCOMP_PROFILE_MAX);
	TRY(fold_numbers(json, length, &text));
	TRY(json_decode_text(&profile_type, buf_text(&text), text.length, &p));
	TRY(convert(&p, options, &profile));
	*ret = profile;
	profile = (struct seccomp_profile){ 0 };
	return NULL;
}
