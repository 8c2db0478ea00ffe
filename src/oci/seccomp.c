#include "oci/seccomp.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <linux/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "oci/oci.h"
#include "oci/seccomp_bpf.h"
#include "oci/seccomp_names.h"
#include "oci/seccomp_profile.h"

#include "base/banned.h"

/*
 * From a profile to a program: for each architecture its rules by number (gather), the numbers
 * grouped into ranges of one verdict each (divide), the ranges as a binary tree (plant). The kernel
 * runs a new filter once for every number to learn which calls always pass, so a shallow tree is
 * quick to load as well as to run.
 */

/* Newer than the kernel headers of Debian 12. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define X32_BIT 0x40000000u			     /* __X32_SYSCALL_BIT */
#define AUDIT_ARCH_X32 (EM_X86_64 | __AUDIT_ARCH_LE) /* as libseccomp numbers it */
#define ENOSYS_ACTION (SECCOMP_RET_ERRNO | ENOSYS)

/* One rule for one number. */
struct entry {
	uint32_t number;
	size_t order; /* in the profile */
	uint32_t action;
	const struct seccomp_condition *conditions;
	size_t n_conditions; /* 0: always */
};

/* Numbers from @first to the next range's: all have the action, or it is one with rules. */
struct range {
	uint32_t first;
	uint32_t action;
	const struct entry *entries;
	size_t n_entries;
};

struct table {
	struct entry *entries;
	size_t n_entries, max_entries;
	struct range *ranges;
	size_t n_ranges, max_ranges;
};

static void table_done(struct table *t)
{
	free(t->entries);
	free(t->ranges);
	*t = (struct table){ 0 };
}

void seccomp_program_done(struct seccomp_program *program)
{
	free(program->insns);
	*program = (struct seccomp_program){ 0 };
}

static void add_entry(struct table *t, struct entry entry)
{
	if (t->n_entries == t->max_entries) {
		t->max_entries = 2 * t->max_entries + 512;
		t->entries = alloc_resize(t->entries, t->max_entries, sizeof(*t->entries));
	}
	entry.order = t->n_entries;
	t->entries[t->n_entries++] = entry;
}

static void add_rule(struct table *t, const struct seccomp_rule *rule, int number)
{
	struct entry entry = {
		.number = (uint32_t)number,
		.action = rule->action,
		.conditions = rule->conditions,
		.n_conditions = rule->n_conditions,
	};

	if (number < 0)
		return;
	if (!rule->any) {
		add_entry(t, entry);
		return;
	}
	entry.n_conditions = 1;
	for (size_t i = 0; i < rule->n_conditions; i++, entry.conditions++)
		add_entry(t, entry);
}

/* Whether calls go through where @action is what happens to them. */
static bool is_permissive(uint32_t action)
{
	action &= SECCOMP_RET_ACTION_FULL;
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG ||
	       action == SECCOMP_RET_TRACE;
}

/*
 * The rule for @name on the other way to it. Its own conditions cannot be seen there: a rule that
 * lets pass under conditions is left out, one that forbids is taken without them.
 */
static void add_multiplexed(struct table *t, const struct seccomp_rule *rule, const char *name)
{
	const struct seccomp_multiplexed *other = seccomp_find_multiplexed(name);
	int number = other ? seccomp_number(AUDIT_ARCH_I386, other->through) : -1;

	if (number < 0 || (rule->n_conditions && is_permissive(rule->action)))
		return;
	add_entry(t, (struct entry){ .number = (uint32_t)number,
				     .action = rule->action,
				     .conditions = &other->call,
				     .n_conditions = 1 });
}

/* Fills @t's entries for @arch; *@ret_known is the number after the highest that is named. */
static void gather(const struct seccomp_profile *profile, uint32_t arch, struct table *t,
		   uint32_t *ret_known)
{
	*ret_known = 0;
	for (size_t r = 0; r < profile->n_rules; r++) {
		const struct seccomp_rule *rule = &profile->rules[r];

		for (size_t i = 0; rule->names && rule->names[i]; i++) {
			int number = seccomp_number(arch, rule->names[i]);

			if (number >= 0 && (uint32_t)number >= *ret_known)
				*ret_known = (uint32_t)number + 1;
			if (rule->applies)
				add_rule(t, rule, number);
			if (rule->applies && arch == AUDIT_ARCH_I386)
				add_multiplexed(t, rule, rule->names[i]);
		}
	}
}

/* By number; of one number first the rules without conditions; else as in the profile. */
static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if ((a->n_conditions == 0) != (b->n_conditions == 0))
		return a->n_conditions == 0 ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void add_range(struct table *t, struct range range)
{
	struct range *last = t->n_ranges ? &t->ranges[t->n_ranges - 1] : NULL;

	if (last && !last->n_entries && !range.n_entries && last->action == range.action)
		return;
	if (t->n_ranges == t->max_ranges) {
		t->max_ranges = 2 * t->max_ranges + 128;
		t->ranges = alloc_resize(t->ranges, t->max_ranges, sizeof(*t->ranges));
	}
	assert(t->ranges);
	t->ranges[t->n_ranges++] = range;
}

/* The ranges of all 2^32 numbers, from sorted entries. */
static void divide(struct table *t, uint32_t default_action, uint32_t known, uint32_t arch)
{
	uint32_t next = 0;

	for (size_t i = 0, n; i < t->n_entries; i += n) {
		const struct entry *e = &t->entries[i];

		for (n = 1; i + n < t->n_entries && e[n].number == e->number; n++)
			;
		if (e->number > next)
			add_range(t, (struct range){ .first = next, .action = default_action });
		add_range(t, (struct range){ .first = e->number,
					     .action = e->action,
					     .entries = e,
					     .n_entries = e->n_conditions ? n : 0 });
		next = e->number + 1;
	}
	if (is_permissive(default_action) || known == 0)
		known = arch == AUDIT_ARCH_X86_64 ? X32_BIT : UINT32_MAX;
	if (next < known)
		add_range(t, (struct range){ .first = next, .action = default_action });
	if (known != UINT32_MAX)
		add_range(t, (struct range){ .first = known, .action = ENOSYS_ACTION });
}

/* A half of an argument: its place in struct seccomp_data, and the bits of it that count. */
struct half {
	size_t offset;
	uint32_t mask;
	uint32_t value;
};

/* Arguments have 64 bits in the machine's byte order; BPF loads 32. */
static struct half half_of(const struct seccomp_condition *c, bool high)
{
	size_t second = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? high : !high;
	unsigned int shift = high ? 32 : 0;

	return (struct half){
		.offset = offsetof(struct seccomp_data, args) + 8 * c->index + 4 * second,
		.mask = (uint32_t)(c->mask >> shift),
		.value = (uint32_t)(c->value >> shift),
	};
}

static struct bpf_label emit_half(struct bpf_code *code, struct half h, struct bpf_label yes,
				  struct bpf_label no)
{
	struct bpf_label label;

	if (h.mask == 0)
		return h.value == 0 ? yes : no;
	label = bpf_branch(code, BPF_JEQ, h.value, yes, no);
	if (h.mask != UINT32_MAX)
		label = bpf_and(code, h.mask, label);
	return bpf_load(code, h.offset, label);
}

static struct bpf_label emit_equal(struct bpf_code *code, const struct seccomp_condition *c,
				   struct bpf_label yes, struct bpf_label no)
{
	struct bpf_label low = emit_half(code, half_of(c, false), yes, no);

	return emit_half(code, half_of(c, true), low, no);
}

/* As numbers of 64 bits without sign; @op is BPF_JGT or BPF_JGE and decides in the low half. */
static struct bpf_label emit_order(struct bpf_code *code, const struct seccomp_condition *c,
				   uint16_t op, struct bpf_label yes, struct bpf_label no)
{
	struct half low = half_of(c, false), high = half_of(c, true);
	struct bpf_label label;

	label = bpf_branch(code, op, low.value, yes, no);
	label = bpf_load(code, low.offset, label);
	label = bpf_branch(code, BPF_JEQ, high.value, label, no);
	label = bpf_branch(code, BPF_JGT, high.value, yes, label);
	return bpf_load(code, high.offset, label);
}

static struct bpf_label emit_condition(struct bpf_code *code, const struct seccomp_condition *c,
				       struct bpf_label yes, struct bpf_label no)
{
	switch (c->compare) {
	case SECCOMP_GT:
		return emit_order(code, c, BPF_JGT, yes, no);
	case SECCOMP_LE:
		return emit_order(code, c, BPF_JGT, no, yes);
	case SECCOMP_GE:
		return emit_order(code, c, BPF_JGE, yes, no);
	case SECCOMP_LT:
		return emit_order(code, c, BPF_JGE, no, yes);
	case SECCOMP_NE:
		return emit_equal(code, c, no, yes);
	case SECCOMP_EQ:
	case SECCOMP_MASKED_EQ:
		break;
	}
	return emit_equal(code, c, yes, no);
}

/* The rules of one number: each in turn, and the default action where none matches. */
static struct bpf_label emit_range(struct bpf_code *code, const struct range *range,
				   uint32_t default_action)
{
	struct bpf_label next;

	if (!range->n_entries)
		return bpf_return(code, range->action);
	next = bpf_return(code, default_action);
	for (size_t i = range->n_entries; i-- > 0;) {
		const struct entry *e = &range->entries[i];
		struct bpf_label label = bpf_return(code, e->action);

		for (size_t c = e->n_conditions; c-- > 0;)
			label = emit_condition(code, &e->conditions[c], label, next);
		next = label;
	}
	return next;
}

/* The middle decides between two halves; recursion is as deep as the logarithm of @n. */
static struct bpf_label plant(struct bpf_code *code, const struct range *ranges, size_t n,
			      uint32_t default_action)
{
	struct bpf_label upper, lower;
	size_t middle = n / 2;

	if (n == 1)
		return emit_range(code, ranges, default_action);
	upper = plant(code, ranges + middle, n - middle, default_action);
	lower = plant(code, ranges, middle, default_action);
	return bpf_branch(code, BPF_JGE, ranges[middle].first, upper, lower);
}

static struct bpf_label emit_arch(struct bpf_code *code, const struct seccomp_profile *profile,
				  uint32_t arch)
{
	struct table t __attribute__((cleanup(table_done))) = { 0 };
	struct bpf_label root;
	uint32_t known;

	gather(profile, arch, &t, &known);
	if (t.n_entries)
		qsort(t.entries, t.n_entries, sizeof(*t.entries), compare_entries);
	divide(&t, profile->default_action, known, arch);
	root = plant(code, t.ranges, t.n_ranges, profile->default_action);
	return bpf_load(code, offsetof(struct seccomp_data, nr), root);
}

/* To the kernel x32 is x86-64, with a bit in the call's number. */
static struct bpf_label emit_native(struct bpf_code *code, const struct seccomp_profile *profile,
				    const struct seccomp_options *options)
{
	struct bpf_label native = emit_arch(code, profile, seccomp_native_arch), x32;

	if (!options->x32 || !profile->x32 || seccomp_native_arch != AUDIT_ARCH_X86_64)
		return native;
	x32 = emit_arch(code, profile, AUDIT_ARCH_X32);
	x32 = bpf_branch(code, BPF_JGE, X32_BIT, x32, native);
	return bpf_load(code, offsetof(struct seccomp_data, nr), x32);
}

/* Of the flags only those that go together with what the program does (seccomp(2)). */
static unsigned int flags_of(const struct seccomp_profile *profile)
{
	if (!profile->notifies)
		return profile->flags & ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return profile->flags |
	       (profile->flags & SECCOMP_FILTER_FLAG_TSYNC ? SECCOMP_FILTER_FLAG_TSYNC_ESRCH : 0);
}

struct error *seccomp_compile(const char *text, size_t length,
			      const struct seccomp_options *options, struct seccomp_program *ret)
{
	struct seccomp_profile profile autoseccompprofile = { 0 };
	struct bpf_code *code autobpf = bpf_new();
	struct bpf_label other, native;

	TRY(seccomp_profile_read(text, length, options, &profile));
	TRY(seccomp_names_load());
	other = bpf_return(code, SECCOMP_RET_KILL_PROCESS);
	if (options->i386 && profile.i386 && seccomp_native_arch == AUDIT_ARCH_X86_64) {
		struct bpf_label i386 = emit_arch(code, &profile, AUDIT_ARCH_I386);

		other = bpf_branch(code, BPF_JEQ, AUDIT_ARCH_I386, i386, other);
	}
	native = emit_native(code, &profile, options);
	native = bpf_branch(code, BPF_JEQ, seccomp_native_arch, native, other);
	native = bpf_load(code, offsetof(struct seccomp_data, arch), native);
	TRY(bpf_finish(code, native, ret));
	ret->flags = flags_of(&profile);
	ret->notifies = profile.notifies;
	return NULL;
}

struct error *oci_seccomp_check(const char *profile)
{
	const uint64_t capabilities[] = { 0, UINT64_MAX };

	for (size_t i = 0; i < 2; i++) {
		struct seccomp_options options = {
			.capabilities = capabilities[i],
			.i386 = true,
			.kernel_version = seccomp_running_kernel(),
		};
		struct seccomp_program program autoseccomp = { 0 };

		TRY(seccomp_compile(profile, strlen(profile), &options, &program));
	}
	return NULL;
}

unsigned int seccomp_running_kernel(void)
{
	unsigned int major, minor;
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%3u.%3u", &major, &minor) != 2)
		return 0;
	return KERNEL_VERSION(major, minor, 0);
}

struct error *seccomp_install(const struct seccomp_program *program)
{
	struct sock_fprog fprog = { .len = program->n_insns, .filter = program->insns };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program->flags, &fprog) < 0)
		return error_sys("load the system call filter");
	return NULL;
}

struct error *seccomp_install_listener(const struct seccomp_program *program, int *ret_fd)
{
	struct sock_fprog fprog = { .len = program->n_insns, .filter = program->insns };
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			  program->flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, &fprog);

	if (fd < 0)
		return error_sys("load the system call filter");
	*ret_fd = (int)fd;
	return NULL;
}
