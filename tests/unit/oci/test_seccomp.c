/* Profiles read, conditions decided, and what the compiler itself adds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "oci/seccomp.h"
#include "oci/seccomp_bpf.h"
#include "oci/seccomp_default.h"
#include "oci/seccomp_names.h"

#include "bpf_run.h"

#define ALLOW SECCOMP_RET_ALLOW
#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))
#define X32 0x40000000u

static const struct seccomp_options plain = { .kernel_version = KERNEL_VERSION(6, 1, 0) };

static void compile(const char *json, const struct seccomp_options *options,
		    struct seccomp_program *ret)
{
	struct error *err = seccomp_compile(json, strlen(json), options, ret);

	if (err)
		fail_msg("%s", error_message(err));
	assert_true(bpf_is_sound(ret->insns, ret->n_insns));
}

static uint32_t ask_arch(const struct seccomp_program *p, uint32_t arch, uint32_t nr, uint64_t arg0)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = arch, .args = { arg0 } };

	return bpf_run(p->insns, p->n_insns, &data, NULL);
}

static uint32_t ask(const struct seccomp_program *p, uint32_t nr, uint64_t arg0)
{
	return ask_arch(p, seccomp_native_arch, nr, arg0);
}

#define PROFILE(calls) "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" calls "]}"

static void actions_become_the_kernels(void **state)
{
	static const struct {
		const char *action;
		uint32_t want;
	} cases[] = {
		{ "\"SCMP_ACT_ALLOW\"", ALLOW },
		{ "\"SCMP_ACT_ERRNO\"", ERRNO(EPERM) },
		{ "\"SCMP_ACT_ERRNO\",\"errnoRet\":38", ERRNO(ENOSYS) },
		{ "\"SCMP_ACT_ERRNO\",\"errnoRet\":0", ERRNO(0) },
		{ "\"SCMP_ACT_ERRNO\",\"errnoRet\":null", ERRNO(EPERM) },
		{ "\"SCMP_ACT_KILL\"", SECCOMP_RET_KILL_THREAD },
		{ "\"SCMP_ACT_KILL_THREAD\"", SECCOMP_RET_KILL_THREAD },
		{ "\"SCMP_ACT_KILL_PROCESS\"", SECCOMP_RET_KILL_PROCESS },
		{ "\"SCMP_ACT_TRAP\"", SECCOMP_RET_TRAP },
		{ "\"SCMP_ACT_TRACE\"", SECCOMP_RET_TRACE | EPERM },
		{ "\"SCMP_ACT_TRACE\",\"errnoRet\":65535", SECCOMP_RET_TRACE | 65535 },
		{ "\"SCMP_ACT_LOG\"", SECCOMP_RET_LOG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct seccomp_program p autoseccomp = { 0 };
		char json[256];

		snprintf(json, sizeof(json), PROFILE("{\"names\":[\"read\"],\"action\":%s}"),
			 cases[i].action);
		compile(json, &plain, &p);
		assert_int_equal(ask(&p, SYS_read, 0), cases[i].want);
	}
}

static void the_default_action_has_its_errno(void **state)
{
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":13,"
		"\"syscalls\":[{\"name\":\"write\",\"action\":\"SCMP_ACT_ALLOW\"}]}",
		&plain, &p);
	assert_int_equal(ask(&p, SYS_read, 0), ERRNO(EACCES));
	assert_int_equal(ask(&p, SYS_write, 0), ALLOW);
}

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

static void comparisons_take_all_64_bits(void **state)
{
	static const struct {
		const char *op;
		uint64_t value, two;
		uint64_t yes[4], no[4];
	} cases[] = {
		{ "EQ", 0x100000002, 0, { 0x100000002 }, { 2, 0x100000003, 0x200000002, 0 } },
		{ "NE", 0x100000002, 0, { 2, 0x100000003, 0x200000002, 0 }, { 0x100000002 } },
		{ "LT",
		  0x100000002,
		  0,
		  { 0x100000001, 5, 0 },
		  { 0x100000002, 0x200000000, ~0ull } },
		{ "LE",
		  0x100000002,
		  0,
		  { 0x100000002, 5, 0 },
		  { 0x100000003, 0x200000000, ~0ull } },
		{ "GE",
		  0x100000002,
		  0,
		  { 0x100000002, 0x200000000, ~0ull },
		  { 0x100000001, 5, 0 } },
		{ "GT",
		  0x100000002,
		  0,
		  { 0x100000003, 0x200000000, ~0ull },
		  { 0x100000002, 5, 0 } },
		{ "GT", 0x8000000000000000, 0, { 0x8000000000000001, ~0ull }, { 5, 1ull << 63 } },
		{ "EQ", UINT64_MAX, 0, { ~0ull }, { 0xffffffff, 0 } },
		{ "MASKED_EQ",
		  0xf0000000f,
		  0x300000002,
		  { 0x300000002, 0x3000000f2, 0xf300000002 },
		  { 2, 0x300000000, 0x100000002, 0 } },
		{ "MASKED_EQ",
		  0xffffffff,
		  0x5412,
		  { 0x5412, 0xdead00005412 },
		  { 0x5413, 0, 0x15412 } },
		{ "MASKED_EQ", 0, 0, { 0, 1, ~0ull }, { 0 } },
		{ "MASKED_EQ", 1, 2, { 2, 4 }, { 1, 3, 5 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct seccomp_program p autoseccomp = { 0 };
		char json[300];

		snprintf(json, sizeof(json),
			 PROFILE("{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{"
				 "\"index\":0,\"value\":%llu,\"valueTwo\":%llu,"
				 "\"op\":\"SCMP_CMP_%s\"}]}"),
			 (unsigned long long)cases[i].value, (unsigned long long)cases[i].two,
			 cases[i].op);
		compile(json, &plain, &p);
		/* a list ends at its first 0 after the beginning; a case that lists nothing has { 0 } */
		for (size_t j = 0; j < 4 && (cases[i].yes[j] || j == 0); j++)
			if (cases[i].yes[j] || i == 10)
				assert_int_equal(ask(&p, SYS_ioctl, cases[i].yes[j]), ALLOW);
		for (size_t j = 0; j < 4 && (cases[i].no[j] || j == 0); j++)
			if (cases[i].no[j])
				assert_int_equal(ask(&p, SYS_ioctl, cases[i].no[j]), ERRNO(EPERM));
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

static void conditions_are_dockers(void **state)
{
	static const struct {
		const char *filter;
		uint64_t caps;
		unsigned int kernel;
		bool applies;
	} cases[] = {
		{ "\"includes\":{}", 0, 0x60100, true },
		{ "\"includes\":{\"caps\":[\"CAP_BPF\"]}", 1ull << CAP_BPF, 0, true },
		{ "\"includes\":{\"caps\":[\"CAP_BPF\"]}", ~(1ull << CAP_BPF), 0, false },
		{ "\"includes\":{\"caps\":[\"CAP_BPF\",\"CAP_KILL\"]}", 1ull << CAP_BPF, 0, false },
		{ "\"includes\":{\"caps\":[\"CAP_FROM_THE_FUTURE\"]}", ~0ull, 0, false },
		{ "\"excludes\":{\"caps\":[\"CAP_BPF\",\"CAP_KILL\"]}", 1ull << CAP_BPF, 0, false },
		{ "\"excludes\":{\"caps\":[\"CAP_BPF\"]}", 1ull << CAP_KILL, 0, true },
		{ "\"includes\":{\"arches\":[\"mips\",\"amd64\",\"arm64\"]}", 0, 0, true },
		{ "\"includes\":{\"arches\":[\"mips\"]}", 0, 0, false },
		{ "\"excludes\":{\"arches\":[\"s390\",\"amd64\",\"arm64\"]}", 0, 0, false },
		{ "\"excludes\":{\"arches\":[\"s390\"]}", 0, 0, true },
		{ "\"includes\":{\"minKernel\":\"4.8\"}", 0, 0x40800, true },
		{ "\"includes\":{\"minKernel\":\"4.8\"}", 0, 0x40700, false },
		{ "\"includes\":{\"minKernel\":\"4.19\"}", 0, 0x40900, false },
		{ "\"excludes\":{\"minKernel\":\"4.8\"}", 0, 0x60100, false },
		{ "\"excludes\":{\"minKernel\":\"6.2\"}", 0, 0x60100, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct seccomp_options options = { .capabilities = cases[i].caps,
						   .kernel_version = cases[i].kernel };
		struct seccomp_program p autoseccomp = { 0 };
		char json[300];

		snprintf(json, sizeof(json),
			 PROFILE("{\"names\":[\"write\"],\"action\":\"SCMP_ACT_ALLOW\",%s}"),
			 cases[i].filter);
		compile(json, &options, &p);
		if (ask(&p, SYS_write, 0) != (cases[i].applies ? ALLOW : ERRNO(EPERM)))
			fail_msg("case %zu: %s", i, cases[i].filter);
	}
}

static void flags_are_passed_on(void **state)
{
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\","
		"\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"]}",
		&plain, &p);
	assert_int_equal(p.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

static void errors_name_the_place(void **state)
{
	static const struct {
		const char *json;
		enum error_kind kind;
		const char *text;
	} cases[] = {
		{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
			  "{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
			  "{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_FOO\"}]}"),
		  ERROR_BAD_INPUT, "syscalls[1].args[0].op: \"SCMP_CMP_FOO\" is not a comparison" },
		{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
			  "{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}"),
		  ERROR_BAD_INPUT, "syscalls[0].args[0].index: not in the range 0-5" },
		{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
			  "{\"index\":1,\"value\":1}]}"),
		  ERROR_BAD_INPUT, "syscalls[0].args[0].op: missing" },
		{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_MAYBE\"}"), ERROR_BAD_INPUT,
		  "syscalls[0].action: \"SCMP_ACT_MAYBE\" is not an action" },
		{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_MAYBE\","
			  "\"includes\":{\"arches\":[\"mips\"]}}"),
		  ERROR_BAD_INPUT, "syscalls[0].action: \"SCMP_ACT_MAYBE\" is not an action" },
		{ PROFILE("{\"names\":[\"read\"]}"), ERROR_BAD_INPUT,
		  "syscalls[0].action: missing" },
		{ PROFILE("{\"names\":[\"read\",7],\"action\":\"SCMP_ACT_ALLOW\"}"),
		  ERROR_BAD_INPUT, "syscalls[0].names[1]: not a string" },
		{ PROFILE("{\"names\":[\"read\"],\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\"}"),
		  ERROR_BAD_INPUT, "syscalls[0].name: names is there too" },
		{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_NOTIFY\"}"),
		  ERROR_UNSUPPORTED,
		  "syscalls[0].action: SCMP_ACT_NOTIFY needs a listener for notifications, and there "
		  "is none here" },
		{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096}"),
		  ERROR_BAD_INPUT, "syscalls[0].action: its errno is not in the range 0-4095" },
		{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"errnoRet\":1}"),
		  ERROR_BAD_INPUT, "syscalls[0].action: SCMP_ACT_ALLOW takes no errno" },
		{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\","
			  "\"includes\":{\"minKernel\":\"new\"}}"),
		  ERROR_BAD_INPUT,
		  "syscalls[0].includes.minKernel: \"new\" is not a kernel version" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\","
		  "\"SCMP_ARCH_Z80\"]}",
		  ERROR_BAD_INPUT, "architectures[1]: \"SCMP_ARCH_Z80\" is not an architecture" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":"
		  "\"SCMP_ARCH_X86\",\"subArchitectures\":[\"X86\"]}]}",
		  ERROR_BAD_INPUT,
		  "archMap[0].subArchitectures[0]: \"X86\" is not an architecture" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"FAST\"]}", ERROR_BAD_INPUT,
		  "flags[0]: \"FAST\" is not a filter flag" },
		{ "{\"defaultAction\":\"ALLOW\"}", ERROR_BAD_INPUT,
		  "defaultAction: \"ALLOW\" is not an action" },
		{ "{}", ERROR_BAD_INPUT, "defaultAction: missing" },
		{ "[]", ERROR_BAD_INPUT, "not an object" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"x\":-1}", ERROR_BAD_INPUT,
		  "a negative number" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"x\":18446744073709551616}",
		  ERROR_BAD_INPUT, NULL },
		{ "", ERROR_BAD_INPUT, NULL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\"", ERROR_BAD_INPUT, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct seccomp_program p autoseccomp = { 0 };
		struct error *err autoerror = NULL;

		err = seccomp_compile(cases[i].json, strlen(cases[i].json), &plain, &p);
		if (!err)
			fail_msg("case %zu compiled: %s", i, cases[i].json);
		assert_null(p.insns);
		assert_int_equal(error_kind(err), cases[i].kind);
		if (cases[i].text)
			assert_string_equal(error_message(err), cases[i].text);
	}
}

/* A rule whose conditions do not hold may ask for what is not supported. */
static void notify_matters_only_where_it_applies(void **state)
{
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	compile(PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_NOTIFY\","
			"\"includes\":{\"arches\":[\"mips\"]}}"),
		&plain, &p);
}

/* Every number gets its own rule: the tree is large, the returns far, long jumps are needed. */
static void long_jumps_reach(void **state)
{
	struct buf json autobuf = BUF_MAX(1 << 20);
	struct seccomp_program p autoseccomp = { 0 };

	(void)state;
	assert_null(seccomp_names_load());
	assert_null(buf_add_text(&json,
				 "{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":["
				 "{\"name\":\"file_setattr\",\"action\":\"SCMP_ACT_ALLOW\"}"));
	assert_int_equal(seccomp_number(seccomp_native_arch, "read"), SYS_read);
	static const char *const names[] = { "read",  "write",	"open",	 "close", "stat",
					     "fstat", "lstat",	"poll",	 "lseek", "mmap",
					     "ioctl", "access", "socket" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (unsigned int v = 0; v < 60; v++)
			assert_null(
				buf_printf(&json,
					   ",{\"name\":\"%s\",\"action\":\"SCMP_ACT_ERRNO\","
					   "\"errnoRet\":%u,\"args\":[{\"index\":0,\"value\":%u,"
					   "\"op\":\"SCMP_CMP_EQ\"}]}",
					   names[i], v + 1, v * 1000));
	assert_null(buf_add_text(&json, "]}"));
	compile(buf_text(&json), &plain, &p);
	assert_in_range(p.n_insns, 1000, BPF_MAXINSNS);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int nr = seccomp_number(seccomp_native_arch, names[i]);

		for (unsigned int v = 0; v < 60; v++)
			assert_int_equal(ask(&p, (uint32_t)nr, v * 1000), ERRNO(v + 1));
		assert_int_equal(ask(&p, (uint32_t)nr, 77), SECCOMP_RET_KILL_THREAD);
	}
	assert_int_equal(ask(&p, 469, 0), ALLOW);
}

static void too_many_instructions_are_an_error(void **state)
{
	struct buf json autobuf = BUF_MAX(1 << 20);
	struct seccomp_program p autoseccomp = { 0 };
	struct error *err autoerror = NULL;

	(void)state;
	assert_null(buf_add_text(&json, "{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":["
					"{\"name\":\"close\",\"action\":\"SCMP_ACT_ALLOW\"}"));
	for (unsigned int v = 0; v < 3000; v++)
		assert_null(buf_printf(&json,
				       ",{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
				       "[{\"index\":0,\"value\":%u,\"op\":\"SCMP_CMP_EQ\"}]}",
				       v));
	assert_null(buf_add_text(&json, "]}"));
	err = seccomp_compile(buf_text(&json), json.length, &plain, &p);
	assert_true(error_is(err, ERROR_LIMIT));
}

static void too_much_text_is_an_error(void **state)
{
	char *json autofree = alloc_zeroed(SECCOMP_PROFILE_MAX + 1, 1);
	struct seccomp_program p autoseccomp = { 0 };
	struct error *err autoerror = NULL;

	(void)state;
	memset(json, ' ', SECCOMP_PROFILE_MAX + 1);
	err = seccomp_compile(json, SECCOMP_PROFILE_MAX + 1, &plain, &p);
	assert_true(error_is(err, ERROR_LIMIT));
}

static void unsound_programs_are_recognised(void **state)
{
	const struct sock_filter ret = BPF_STMT(BPF_RET | BPF_K, ALLOW);
	const struct sock_filter bad[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, UINT32_MAX - 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0),
		BPF_STMT(BPF_JMP | BPF_JA, 1),
		BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_A, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
	};
	struct sock_filter pair[2] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 60), ret };

	(void)state;
	assert_true(bpf_is_sound(pair, 2));
	assert_false(bpf_is_sound(pair, 1));
	assert_false(bpf_is_sound(pair, 0));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		pair[0] = bad[i];
		assert_false(bpf_is_sound(pair, 2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions_become_the_kernels),
		cmocka_unit_test(the_default_action_has_its_errno),
		cmocka_unit_test(an_empty_list_leaves_the_default),
		cmocka_unit_test(unknown_names_are_left_out),
		cmocka_unit_test(numbers_above_the_profile_do_not_exist),
		cmocka_unit_test(other_architectures_are_closed),
#ifdef __x86_64__
		cmocka_unit_test(x32_is_closed_whatever_the_profile_says),
		cmocka_unit_test(i386_needs_caller_and_profile),
		cmocka_unit_test(multiplexed_calls_follow_their_rules),
#endif
		cmocka_unit_test(comparisons_take_all_64_bits),
		cmocka_unit_test(all_arguments_of_a_rule_must_match),
		cmocka_unit_test(one_argument_twice_means_either),
		cmocka_unit_test(rules_without_arguments_win_else_the_first_match),
		cmocka_unit_test(conditions_are_dockers),
		cmocka_unit_test(flags_are_passed_on),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(notify_matters_only_where_it_applies),
		cmocka_unit_test(long_jumps_reach),
		cmocka_unit_test(too_many_instructions_are_an_error),
		cmocka_unit_test(too_much_text_is_an_error),
		cmocka_unit_test(unsound_programs_are_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
