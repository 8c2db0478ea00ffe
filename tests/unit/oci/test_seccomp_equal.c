/*
 * The same verdict as libseccomp's own filter for the same profile: every system call number of
 * every architecture that is open, with the arguments at which a rule could change its mind. The
 * reference reads the JSON itself and adds the rules as runc does; only the verdicts that our
 * compiler promises beyond the profile (seccomp.h) are ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/version.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/caps.h"
#include "base/json.h"
#include "base/str.h"
#include "oci/seccomp.h"
#include "oci/seccomp_default.h"
#include "oci/seccomp_names.h"

#include "bpf_run.h"

#define HIGHEST 600
#define DEFAULT_ACTION SCMP_ACT_ERRNO(EPERM)

/* What is tried for each argument of a number: at most this many values. */
#define SAMPLES_MAX 24

struct samples {
	uint64_t value[6][SAMPLES_MAX];
	size_t n[6];
};

struct reference {
	struct sock_filter insns[65536];
	size_t n;
	struct samples samples[HIGHEST + 1];
	uint32_t known;
};

static bool holds(const json_t *filter, const struct seccomp_options *o, bool all)
{
	const json_t *caps = json_object_get(filter, "caps"), *item;
	const json_t *arches = json_object_get(filter, "arches");
	size_t i, have = 0, want = json_array_size(caps);
	bool arch = false;

	json_array_foreach((json_t *)caps, i, item) {
		unsigned int bit;

		assert_null(caps_parse(json_string_value(item), &bit));
		have += o->capabilities >> bit & 1;
	}
	json_array_foreach((json_t *)arches, i, item) {
		arch |= str_equal(json_string_value(item), "amd64");
	}
	if (all)
		return have == want && (arch || !arches || json_is_null(arches));
	return have > 0 || arch;
}

static uint32_t read_action(const json_t *call)
{
	const char *name = json_string_value(json_object_get(call, "action"));
	const json_t *number = json_object_get(call, "errnoRet");

	if (str_equal(name, "SCMP_ACT_ALLOW"))
		return SCMP_ACT_ALLOW;
	if (str_equal(name, "SCMP_ACT_LOG"))
		return SCMP_ACT_LOG;
	assert_string_equal(name, "SCMP_ACT_ERRNO");
	return SCMP_ACT_ERRNO(number ? (uint32_t)json_integer_value(number) : EPERM);
}

static enum scmp_compare read_op(const char *name)
{
	static const char *const ops[] = { "", "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" };

	for (unsigned int i = 1; i < 8; i++)
		if (str_equal(ops[i], name + strlen("SCMP_CMP_")))
			return (enum scmp_compare)i;
	fail_msg("%s", name);
	return _SCMP_CMP_MIN;
}

static void add_sample(struct samples *s, unsigned int index, uint64_t value)
{
	for (size_t i = 0; i < s->n[index]; i++)
		if (s->value[index][i] == value)
			return;
	if (s->n[index] < SAMPLES_MAX)
		s->value[index][s->n[index]++] = value;
}

/* Around the value, in either half of the word, and on both sides of a mask. */
static void add_samples(struct samples *s, const struct scmp_arg_cmp *c)
{
	uint64_t value = c->op == SCMP_CMP_MASKED_EQ ? c->datum_b : c->datum_a;

	add_sample(s, c->arg, value);
	add_sample(s, c->arg, value + 1);
	add_sample(s, c->arg, value - 1);
	add_sample(s, c->arg, value ^ (UINT64_C(1) << 32));
	if (c->op == SCMP_CMP_MASKED_EQ) {
		add_sample(s, c->arg, value ^ c->datum_a);
		add_sample(s, c->arg, value | ~c->datum_a);
	}
}

static size_t read_args(const json_t *call, struct scmp_arg_cmp *args)
{
	const json_t *list = json_object_get(call, "args"), *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item) {
		args[i].arg = (unsigned int)json_integer_value(json_object_get(item, "index"));
		args[i].op = read_op(json_string_value(json_object_get(item, "op")));
		args[i].datum_a = (uint64_t)json_integer_value(json_object_get(item, "value"));
		args[i].datum_b = (uint64_t)json_integer_value(json_object_get(item, "valueTwo"));
	}
	return json_array_size(list);
}

/* As libcontainer/seccomp/seccomp_linux.go: what equals the default is left out. */
static void add_rule(scmp_filter_ctx filter, struct reference *ref, uint32_t arch, const char *name,
		     const json_t *call)
{
	int number = seccomp_syscall_resolve_name_arch(arch, name);
	int ours = seccomp_number(arch, name);
	struct scmp_arg_cmp args[6] = { 0 };
	size_t n = read_args(call, args);
	uint32_t action = read_action(call);

	if (ours < 0 && number < 0)
		return;
	for (size_t i = 0; i < n && ours >= 0; i++)
		add_samples(&ref->samples[ours], &args[i]);
	if (action == DEFAULT_ACTION)
		return;
	if (number < 0 && ours >= 0 && arch == SCMP_ARCH_X86_64)
		number = ours; /* newer than this libseccomp: x86-64 takes bare numbers */
	else
		number = seccomp_syscall_resolve_name(
			name); /* rules are written in native numbers */
	if (seccomp_rule_add_array(filter, action, number, (unsigned int)n, args) < 0 && n)
		fail_msg("libseccomp refuses a rule for %s", name);
}

static void add_rules(scmp_filter_ctx filter, struct reference *ref, uint32_t arch,
		      const json_t *profile, const struct seccomp_options *o)
{
	const json_t *calls = json_object_get(profile, "syscalls"), *call, *item;
	size_t i, j;

	json_array_foreach((json_t *)calls, i, call) {
		bool applies = holds(json_object_get(call, "includes"), o, true) &&
			       !holds(json_object_get(call, "excludes"), o, false);

		json_array_foreach((json_t *)json_object_get(call, "names"), j, item) {
			const char *name = json_string_value(item);
			int ours = seccomp_number(arch, name);

			if (ours >= 0 && (uint32_t)ours >= ref->known)
				ref->known = (uint32_t)ours + 1;
			if (applies)
				add_rule(filter, ref, arch, name, call);
		}
	}
}

static void export(scmp_filter_ctx filter, struct reference *ref)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t size;

	assert_true(fd >= 0);
	assert_int_equal(seccomp_export_bpf(filter, fd), 0);
	size = pread(fd, ref->insns, sizeof(ref->insns), 0);
	close(fd);
	assert_in_range(size, 8, sizeof(ref->insns) - 1);
	ref->n = (size_t)size / sizeof(*ref->insns);
}

static struct reference *make_reference(const char *json, size_t length, uint32_t arch,
					const struct seccomp_options *o)
{
	struct reference *ref = alloc_zeroed(1, sizeof(*ref));
	json_t *profile autojson = NULL;
	scmp_filter_ctx filter = seccomp_init(DEFAULT_ACTION);

	assert_non_null(filter);
	if (arch == SCMP_ARCH_X86) {
		assert_int_equal(seccomp_arch_add(filter, SCMP_ARCH_X86), 0);
		assert_int_equal(seccomp_arch_remove(filter, SCMP_ARCH_X86_64), 0);
	}
	assert_null(json_parse(json, length, &profile));
	add_rules(filter, ref, arch, profile, o);
	export(filter, ref);
	seccomp_release(filter);
	return ref;
}

static void check(const struct seccomp_program *p, const struct reference *ref,
		  const struct seccomp_data *data, size_t *count)
{
	uint32_t want = bpf_run(ref->insns, ref->n, data, NULL);
	uint32_t got = bpf_run(p->insns, p->n_insns, data, NULL);

	if ((uint32_t)data->nr >= ref->known)
		want = SECCOMP_RET_ERRNO | ENOSYS;
	++*count;
	if (got != want)
		fail_msg("arch %x, call %d, arguments %llx %llx %llx: %x, libseccomp says %x",
			 data->arch, data->nr, (unsigned long long)data->args[0],
			 (unsigned long long)data->args[1], (unsigned long long)data->args[2], got,
			 want);
}

/* Every combination of the samples of arguments @index and up. */
static void check_from(const struct seccomp_program *p, const struct reference *ref,
		       struct seccomp_data *data, unsigned int index, size_t *count)
{
	const struct samples *s = &ref->samples[data->nr];

	while (index < 6 && !s->n[index])
		index++;
	if (index == 6) {
		check(p, ref, data, count);
		return;
	}
	for (size_t i = 0; i < s->n[index]; i++) {
		data->args[index] = s->value[index][i];
		if (data->arch == AUDIT_ARCH_I386)
			data->args[index] &= UINT32_MAX;
		check_from(p, ref, data, index + 1, count);
	}
}

static size_t compare_on(const char *json, size_t length, uint32_t arch,
			 const struct seccomp_options *o, const struct seccomp_program *p)
{
	struct reference *ref = make_reference(json, length, arch, o);
	size_t count = 0;

	for (int nr = 0; nr <= HIGHEST; nr++) {
		struct seccomp_data data = { .nr = nr, .arch = arch };

		/* i386: libseccomp cannot be told numbers it has no name for */
		if (arch == AUDIT_ARCH_I386 && nr >= 450 && (uint32_t)nr < ref->known)
			continue;
		check_from(p, ref, &data, 0, &count);
		for (unsigned int i = 0; i < 6; i++)
			data.args[i] = UINT64_MAX >> (arch == AUDIT_ARCH_I386 ? 32 : 0);
		check(p, ref, &data, &count);
	}
	free(ref);
	return count;
}

static size_t compare(const char *json, size_t length, const struct seccomp_options *o)
{
	struct seccomp_program p autoseccomp = { 0 };
	struct error *err = seccomp_compile(json, length, o, &p);
	size_t count;

	if (err)
		fail_msg("%s", error_message(err));
	count = compare_on(json, length, SCMP_ARCH_X86_64, o, &p);
	if (o->i386)
		count += compare_on(json, length, SCMP_ARCH_X86, o, &p);
	return count;
}

static uint64_t microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void default_profile_is_the_same(void **state)
{
	static const uint64_t sets[] = {
		0,
		0x2800405fb, /* docker's own default, of no meaning to us but other rules apply */
		1ull << CAP_SYS_ADMIN,
		1ull << CAP_NET_RAW,
		1ull << CAP_NET_ADMIN | 1ull << CAP_NET_RAW,
		1ull << CAP_SYS_PTRACE | 1ull << CAP_BPF | 1ull << CAP_PERFMON | 1ull << CAP_SYSLOG,
		UINT64_MAX >> (63 - CAPS_LAST),
	};

	(void)state;
	for (size_t i = 0; i < 2 * (sizeof(sets) / sizeof(*sets) + 1); i++) {
		struct seccomp_options o = { .kernel_version = KERNEL_VERSION(6, 18, 0),
					     .i386 = i % 2 };
		struct seccomp_program p autoseccomp = { 0 };
		uint64_t begin = microseconds(), took;
		size_t verdicts;

		o.capabilities = i < 2 ? caps_default() : sets[i / 2 - 1];
		assert_null(
			seccomp_compile(seccomp_default_profile, seccomp_default_length, &o, &p));
		took = microseconds() - begin;
		verdicts = compare(seccomp_default_profile, seccomp_default_length, &o);
		print_message("capabilities %011llx%s: %u instructions, compiled in %llu us, "
			      "%zu verdicts equal\n",
			      (unsigned long long)o.capabilities, o.i386 ? " with i386" : "",
			      p.n_insns, (unsigned long long)took, verdicts);
	}
}

static uint64_t random_state;

static uint64_t random_number(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return random_state >> 33;
}

/* Small numbers with now and then one in the upper half, so that rules meet each other's values. */
static uint64_t random_value(void)
{
	uint64_t value = random_number() % 8;

	if (random_number() % 4 == 0)
		value |= (random_number() % 3) << 32;
	if (random_number() % 16 == 0)
		value |= UINT64_C(1) << 62;
	return value;
}

static const char *const call_names[] = { "read",  "prctl",  "ioctl", "socket", "mmap",
					  "statx", "kill",   "write", "clone",	"futex",
					  "fcntl", "semctl", "bind",  "ptrace", "openat" };

/* A random rule for @name with up to three comparisons. */
static void add_random_rule(struct buf *json, const char *name)
{
	static const char *const ops[] = { "NE", "EQ", "MASKED_EQ", "LT", "LE", "GE", "GT" };
	size_t n = random_number() % 4;
	unsigned int first = (unsigned int)(random_number() % 3);

	assert_null(buf_printf(json, "{\"names\":[\"%s\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[",
			       name));
	for (size_t i = 0; i < n; i++) {
		uint64_t value = random_value(), two = random_value();

		assert_null(buf_printf(json,
				       "%s{\"index\":%zu,\"value\":%llu,\"valueTwo\":%llu,"
				       "\"op\":\"SCMP_CMP_%s\"}",
				       i ? "," : "", first + i, (unsigned long long)value,
				       (unsigned long long)two, ops[random_number() % 7]));
	}
	assert_null(buf_add_text(json, "]}"));
}

/*
 * For libseccomp (@simple) with one rule for each name: its tree of several rules with order
 * comparisons goes wrong (2.5.4: {a0 > 0x200000004} and {a0 <= 5} allow a0 = 6).
 */
static void add_random_profile(struct buf *json, unsigned int seed, bool simple)
{
	size_t n;

	random_state = seed;
	random_number();
	n = 1 + random_number() % (simple ? 15 : 40);
	assert_null(buf_add_text(json, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["));
	for (size_t i = 0; i < n; i++) {
		assert_null(buf_add_text(json, i ? "," : ""));
		add_random_rule(json, call_names[simple ? i : random_number() % 15]);
	}
	assert_null(buf_add_text(json, "]}"));
}

static void random_profiles_are_the_same(void **state)
{
	size_t verdicts = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 300; seed++) {
		struct seccomp_options o = { .kernel_version = KERNEL_VERSION(6, 18, 0) };
		struct buf json autobuf = BUF_MAX(1 << 16);

		add_random_profile(&json, seed, true);
		verdicts += compare(buf_text(&json), json.length, &o);
	}
	print_message("%zu verdicts equal\n", verdicts);
}

static bool matches(const struct scmp_arg_cmp *c, uint64_t value)
{
	switch (c->op) {
	case SCMP_CMP_NE:
		return value != c->datum_a;
	case SCMP_CMP_LT:
		return value < c->datum_a;
	case SCMP_CMP_LE:
		return value <= c->datum_a;
	case SCMP_CMP_EQ:
		return value == c->datum_a;
	case SCMP_CMP_GE:
		return value >= c->datum_a;
	case SCMP_CMP_GT:
		return value > c->datum_a;
	case SCMP_CMP_MASKED_EQ:
		return (value & c->datum_a) == (c->datum_b & c->datum_a);
	default:
		fail_msg("a comparison of no kind");
		return false;
	}
}

/* Whether any rule for @name in @calls allows @data, by the words of the format. */
static bool allows(const json_t *calls, const char *name, const struct seccomp_data *data)
{
	const json_t *call;
	size_t i;

	json_array_foreach((json_t *)calls, i, call) {
		struct scmp_arg_cmp args[6] = { 0 };
		size_t n = read_args(call, args), j = 0;

		if (!str_equal(json_string_value(json_array_get(json_object_get(call, "names"), 0)),
			       name))
			continue;
		while (j < n && matches(&args[j], data->args[args[j].arg]))
			j++;
		if (j == n)
			return true;
	}
	return false;
}

static void check_random_values(const struct seccomp_program *p, const json_t *calls)
{
	for (unsigned int i = 0; i < 1500; i++) {
		const char *name = call_names[i % 14]; /* openat may be above all that is named */
		struct seccomp_data data = { .nr = seccomp_number(seccomp_native_arch, name),
					     .arch = seccomp_native_arch };
		uint32_t got;

		for (unsigned int a = 0; a < 6; a++)
			data.args[a] = random_value();
		got = bpf_run(p->insns, p->n_insns, &data, NULL);
		if ((got == SCMP_ACT_ALLOW) != allows(calls, name, &data))
			fail_msg("%s(%llx, %llx, %llx, %llx, %llx): %x", name,
				 (unsigned long long)data.args[0], (unsigned long long)data.args[1],
				 (unsigned long long)data.args[2], (unsigned long long)data.args[3],
				 (unsigned long long)data.args[4], got);
	}
}

/* Against the plain meaning of the rules, all comparisons together. */
static void random_profiles_mean_what_they_say(void **state)
{
	struct seccomp_options o = { .kernel_version = KERNEL_VERSION(6, 18, 0) };

	(void)state;
	for (unsigned int seed = 1000; seed < 1300; seed++) {
		struct seccomp_program p autoseccomp = { 0 };
		struct buf json autobuf = BUF_MAX(1 << 16);
		json_t *profile autojson = NULL;

		add_random_profile(&json, seed, false);
		assert_null(seccomp_compile(buf_text(&json), json.length, &o, &p));
		assert_null(json_parse(buf_text(&json), json.length, &profile));
		check_random_values(&p, json_object_get(profile, "syscalls"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_profile_is_the_same),
		cmocka_unit_test(random_profiles_are_the_same),
		cmocka_unit_test(random_profiles_mean_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
