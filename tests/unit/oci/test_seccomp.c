/* Which rule decides, and what the compiler adds to the profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "seccomp_ask.h"

#define X32 0x40000000u

static void an_empty_list_leaves_the_default(void **state)
{
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\",\"syscalls\":null}", &plain, &p);
	assert_int_equal(ask(&p, SYS_read, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(ask(&p, 5000, 0), SECCOMP_RET_KILL_PROCESS);
}

static void unknown_names_are_left_out(void **state)
{
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	compile(PROFILE("{\"names\":[\"read\",\"quantum_leap\",\"\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
		&plain, &p);
	assert_int_equal(ask(&p, SYS_read, 0), ALLOW);
}

/* Programs probe for new calls; refusing with EPERM breaks them (glibc: clone3, faccessat2). */
static void numbers_above_the_profile_do_not_exist(void **state)
{
	struct seccomp_program p autoseccomp = { 0 }, lax autoseccomp = { 0 };

	(void)state;
	/* not applied, but its name is known to the profile */
	compile(PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
			"{\"names\":[\"statx\"],\"action\":\"SCMP_ACT_ALLOW\","
			"\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}"),
		&plain, &p);
	assert_int_equal(ask(&p, SYS_statx, 0), ERRNO(EPERM));
	assert_int_equal(ask(&p, SYS_statx + 1, 0), ERRNO(ENOSYS));
	assert_int_equal(ask(&p, 0x3fffffff, 0), ERRNO(ENOSYS));
	compile("{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":["
		"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRAP\"}]}",
		&plain, &lax);
	assert_int_equal(ask(&lax, SYS_read, 0), SECCOMP_RET_TRAP);
	assert_int_equal(ask(&lax, 5000, 0), SECCOMP_RET_LOG);
}

static void other_architectures_are_closed(void **state)
{
	static const uint32_t others[] = { AUDIT_ARCH_ARM,  AUDIT_ARCH_S390X, AUDIT_ARCH_PPC64LE, 0,
					   AUDIT_ARCH_I386, UINT32_MAX };
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", &plain, &p);
	assert_int_equal(ask(&p, SYS_read, 0), ALLOW);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_equal(ask_arch(&p, others[i], 3, 0), SECCOMP_RET_KILL_PROCESS);
}

#ifdef __x86_64__
static void x32_is_closed_whatever_the_profile_says(void **state)
{
	static const char *const profiles[] = {
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\"}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X32\"]}",
		PROFILE("{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct seccomp_program p autoseccomp = { 0 };

		compile(profiles[i], &plain, &p);
		assert_int_equal(ask(&p, SYS_write, 0), ALLOW);
		assert_int_equal(ask(&p, X32 | SYS_write, 0), ERRNO(ENOSYS));
		assert_int_equal(ask(&p, X32 | 547, 0), ERRNO(ENOSYS));
		assert_int_equal(ask(&p, UINT32_MAX, 0), ERRNO(ENOSYS));
	}
}

static void i386_needs_caller_and_profile(void **state)
{
	static const char call[] =
		"\"syscalls\":[{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\"}]}";
	static const struct {
		const char *arches;
		bool open;
	} cases[] = {
		{ "", true },
		{ "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],", true },
		{ "\"architectures\":[\"SCMP_ARCH_X86_64\"],", false },
		{ "\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\","
		  "\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],",
		  true },
		{ "\"archMap\":[{\"architecture\":\"SCMP_ARCH_MIPS\","
		  "\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		struct seccomp_options options = plain;
		struct seccomp_program p autoseccomp = { 0 };
		bool open = cases[i / 2].open && i % 2;
		char json[512];

		options.i386 = i % 2;
		snprintf(json, sizeof(json), "{\"defaultAction\":\"SCMP_ACT_ERRNO\",%s%s",
			 cases[i / 2].arches, call);
		compile(json, &options, &p);
		assert_int_equal(ask(&p, SYS_read, 0), ALLOW);
		/* i386: read is 3, write is 4 */
		assert_int_equal(ask_arch(&p, AUDIT_ARCH_I386, 3, 0),
				 open ? ALLOW : SECCOMP_RET_KILL_PROCESS);
		assert_int_equal(ask_arch(&p, AUDIT_ARCH_I386, 1, 0),
				 open ? ERRNO(EPERM) : SECCOMP_RET_KILL_PROCESS);
	}
}

/* i386: socketcall is 102, ipc 117, socket 359; SYS_SOCKET is 1, SYS_BIND 2, SHMGET 23. */
static void multiplexed_calls_follow_their_rules(void **state)
{
	struct seccomp_options options = plain;
	struct seccomp_program p autoseccomp = { 0 }, q autoseccomp = { 0 };

	(void)state;
	options.i386 = true;
	compile(PROFILE("{\"names\":[\"socket\",\"shmget\"],\"action\":\"SCMP_ACT_ALLOW\"},"
			"{\"names\":[\"bind\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
			"{\"index\":0,\"value\":3,\"op\":\"SCMP_CMP_EQ\"}]}"),
		&options, &p);
	assert_int_equal(ask_arch(&p, AUDIT_ARCH_I386, 359, 0), ALLOW);
	assert_int_equal(ask_arch(&p, AUDIT_ARCH_I386, 102, 1), ALLOW);
	assert_int_equal(ask_arch(&p, AUDIT_ARCH_I386, 102, 2), ERRNO(EPERM));
	assert_int_equal(ask_arch(&p, AUDIT_ARCH_I386, 102, 3), ERRNO(EPERM));
	assert_int_equal(ask_arch(&p, AUDIT_ARCH_I386, 117, 23), ALLOW);
	assert_int_equal(ask_arch(&p, AUDIT_ARCH_I386, 117, 0x10017), ALLOW);
	assert_int_equal(ask_arch(&p, AUDIT_ARCH_I386, 117, 24), ERRNO(EPERM));

	compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"name\":\"bind\","
		"\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":3,"
		"\"op\":\"SCMP_CMP_EQ\"}]}]}",
		&options, &q);
	assert_int_equal(ask_arch(&q, AUDIT_ARCH_I386, 102, 1), ALLOW);
	assert_int_equal(ask_arch(&q, AUDIT_ARCH_I386, 102, 2), ERRNO(EPERM));
}
#endif

static const struct {
	const char *op;
	uint64_t value, two;
	uint64_t yes[4], no[4];
} comparisons[] = {
	{ "EQ", 0x100000002, 0, { 0x100000002 }, { 2, 0x100000003, 0x200000002, 0 } },
	{ "NE", 0x100000002, 0, { 2, 0x100000003, 0x200000002, 0 }, { 0x100000002 } },
	{ "LT", 0x100000002, 0, { 0x100000001, 5, 0 }, { 0x100000002, 0x200000000, ~0ull } },
	{ "LE", 0x100000002, 0, { 0x100000002, 5, 0 }, { 0x100000003, 0x200000000, ~0ull } },
	{ "GE", 0x100000002, 0, { 0x100000002, 0x200000000, ~0ull }, { 0x100000001, 5, 0 } },
	{ "GT", 0x100000002, 0, { 0x100000003, 0x200000000, ~0ull }, { 0x100000002, 5, 0 } },
	{ "GT", 0x8000000000000000, 0, { 0x8000000000000001, ~0ull }, { 5, 1ull << 63 } },
	{ "EQ", UINT64_MAX, 0, { ~0ull }, { 0xffffffff, 0 } },
	{ "MASKED_EQ",
	  0xf0000000f,
	  0x300000002,
	  { 0x300000002, 0x3000000f2, 0xf300000002 },
	  { 2, 0x300000000, 0x100000002, 0 } },
	{ "MASKED_EQ", 0xffffffff, 0x5412, { 0x5412, 0xdead00005412 }, { 0x5413, 0, 0x15412 } },
	{ "MASKED_EQ", 0, 0, { 0, 1, ~0ull }, { 0 } },
	{ "MASKED_EQ", 1, 2, { 2, 4 }, { 1, 3, 5 } },
};

static void comparisons_take_all_64_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(*comparisons); i++) {
		struct seccomp_program p autoseccomp = { 0 };
		char json[300];

		snprintf(json, sizeof(json),
			 PROFILE("{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{"
				 "\"index\":0,\"value\":%llu,\"valueTwo\":%llu,"
				 "\"op\":\"SCMP_CMP_%s\"}]}"),
			 (unsigned long long)comparisons[i].value,
			 (unsigned long long)comparisons[i].two, comparisons[i].op);
		compile(json, &plain, &p);
		/* a list ends at a 0 after its first; one of nothing is { 0 } */
		for (size_t j = 0; j < 4 && (comparisons[i].yes[j] || j == 0); j++)
			if (comparisons[i].yes[j] || i == 10)
				assert_int_equal(ask(&p, SYS_ioctl, comparisons[i].yes[j]), ALLOW);
		for (size_t j = 0; j < 4 && (comparisons[i].no[j] || j == 0); j++)
			if (comparisons[i].no[j])
				assert_int_equal(ask(&p, SYS_ioctl, comparisons[i].no[j]),
						 ERRNO(EPERM));
	}
}

static void all_arguments_of_a_rule_must_match(void **state)
{
	struct seccomp_data data = { .nr = SYS_mmap, .arch = seccomp_native_arch };
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	compile(PROFILE("{\"names\":[\"mmap\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
			"{\"index\":5,\"value\":7,\"op\":\"SCMP_CMP_EQ\"},"
			"{\"index\":2,\"value\":4,\"op\":\"SCMP_CMP_LT\"}]}"),
		&plain, &p);
	for (unsigned int i = 0; i < 4; i++) {
		data.args[5] = i & 1 ? 7 : 8;
		data.args[2] = i & 2 ? 3 : 4;
		assert_int_equal(bpf_run(p.insns, p.n_insns, &data, NULL),
				 i == 3 ? ALLOW : ERRNO(EPERM));
	}
}

/* runc and docker: two comparisons of one argument are two rules. */
static void one_argument_twice_means_either(void **state)
{
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	compile(PROFILE("{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
			"{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},"
			"{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]}"),
		&plain, &p);
	assert_int_equal(ask(&p, SYS_socket, 1), ALLOW);
	assert_int_equal(ask(&p, SYS_socket, 2), ALLOW);
	assert_int_equal(ask(&p, SYS_socket, 3), ERRNO(EPERM));
}

static void rules_without_arguments_win_else_the_first_match(void **state)
{
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	compile(PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":["
			"{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
			"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
			"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\"},"
			"{\"names\":[\"write\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":["
			"{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
			"{\"names\":[\"write\"],\"action\":\"SCMP_ACT_LOG\",\"args\":["
			"{\"index\":0,\"value\":5,\"op\":\"SCMP_CMP_LT\"}]}"),
		&plain, &p);
	assert_int_equal(ask(&p, SYS_read, 1), ALLOW);
	assert_int_equal(ask(&p, SYS_write, 1), SECCOMP_RET_TRAP);
	assert_int_equal(ask(&p, SYS_write, 2), SECCOMP_RET_LOG);
	assert_int_equal(ask(&p, SYS_write, 5), ERRNO(EPERM));
}

static void x32_is_open_where_both_want_it(void **state)
{
	const struct seccomp_options open = { .kernel_version = KERNEL_VERSION(6, 1, 0),
					      .x32 = true };
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	if (seccomp_native_arch != AUDIT_ARCH_X86_64)
		return;
	compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\","
		"\"SCMP_ARCH_X32\"],\"syscalls\":[{\"names\":[\"write\"],"
		"\"action\":\"SCMP_ACT_TRAP\"}]}",
		&open, &p);
	assert_int_equal(ask(&p, X32 | SYS_write, 0), SECCOMP_RET_TRAP);
	assert_int_equal(ask(&p, X32 | SYS_read, 0), ALLOW);
	assert_int_equal(ask(&p, SYS_write, 0), SECCOMP_RET_TRAP);
	assert_int_equal(ask(&p, SYS_read, 0), ALLOW);
	seccomp_program_done(&p);
	compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\"]}",
		&open, &p);
	assert_int_equal(ask(&p, X32 | SYS_read, 0), ERRNO(ENOSYS));
}

static void notifications_are_for_who_has_a_listener(void **state)
{
	const struct seccomp_options listening = { .kernel_version = KERNEL_VERSION(6, 1, 0),
						   .listener = true };
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\","
		"\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\",\"SECCOMP_FILTER_FLAG_TSYNC\"],"
		"\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
		&listening, &p);
	assert_true(p.notifies);
	/* TSYNC, WAIT_KILLABLE_RECV, and TSYNC_ESRCH, which the kernel wants with a listener. */
	assert_int_equal(p.flags, 1 << 0 | 1 << 5 | 1 << 4);
	assert_int_equal(ask(&p, (uint32_t)seccomp_number(seccomp_native_arch, "mkdir"), 0),
			 SECCOMP_RET_USER_NOTIF);
	seccomp_program_done(&p);
	compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\","
		"\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}",
		&listening, &p);
	assert_false(p.notifies);
	assert_int_equal(p.flags, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_list_leaves_the_default),
		cmocka_unit_test(unknown_names_are_left_out),
		cmocka_unit_test(numbers_above_the_profile_do_not_exist),
		cmocka_unit_test(other_architectures_are_closed),
#ifdef __x86_64__
		cmocka_unit_test(x32_is_closed_whatever_the_profile_says),
		cmocka_unit_test(x32_is_open_where_both_want_it),
		cmocka_unit_test(notifications_are_for_who_has_a_listener),
		cmocka_unit_test(i386_needs_caller_and_profile),
		cmocka_unit_test(multiplexed_calls_follow_their_rules),
#endif
		cmocka_unit_test(comparisons_take_all_64_bits),
		cmocka_unit_test(all_arguments_of_a_rule_must_match),
		cmocka_unit_test(one_argument_twice_means_either),
		cmocka_unit_test(rules_without_arguments_win_else_the_first_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
