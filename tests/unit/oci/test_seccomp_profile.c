/* What a profile says, and what it may not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "seccomp_ask.h"

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

static const struct {
	const char *json;
	enum error_kind kind;
	const char *text;
} mistakes[] = {
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
	{ PROFILE("{\"names\":[\"read\"]}"), ERROR_BAD_INPUT, "syscalls[0].action: missing" },
	{ PROFILE("{\"names\":[\"read\",7],\"action\":\"SCMP_ACT_ALLOW\"}"), ERROR_BAD_INPUT,
	  "syscalls[0].names[1]: not a string" },
	{ PROFILE("{\"names\":[\"read\"],\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\"}"),
	  ERROR_BAD_INPUT, "syscalls[0].name: names is there too" },
	{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_NOTIFY\"}"), ERROR_UNSUPPORTED,
	  "syscalls[0].action: SCMP_ACT_NOTIFY needs a listener for notifications, and there "
	  "is none here" },
	{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096}"),
	  ERROR_BAD_INPUT, "syscalls[0].action: its errno is not in the range 0-4095" },
	{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"errnoRet\":1}"),
	  ERROR_BAD_INPUT, "syscalls[0].action: SCMP_ACT_ALLOW takes no errno" },
	{ PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\","
		  "\"includes\":{\"minKernel\":\"new\"}}"),
	  ERROR_BAD_INPUT, "syscalls[0].includes.minKernel: \"new\" is not a kernel version" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\","
	  "\"SCMP_ARCH_Z80\"]}",
	  ERROR_BAD_INPUT, "architectures[1]: \"SCMP_ARCH_Z80\" is not an architecture" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":"
	  "\"SCMP_ARCH_X86\",\"subArchitectures\":[\"X86\"]}]}",
	  ERROR_BAD_INPUT, "archMap[0].subArchitectures[0]: \"X86\" is not an architecture" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"FAST\"]}", ERROR_BAD_INPUT,
	  "flags[0]: \"FAST\" is not a filter flag" },
	{ "{\"defaultAction\":\"ALLOW\"}", ERROR_BAD_INPUT,
	  "defaultAction: \"ALLOW\" is not an action" },
	{ "{}", ERROR_BAD_INPUT, "defaultAction: missing" },
	{ "[]", ERROR_BAD_INPUT, "not an object" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"x\":-1}", ERROR_BAD_INPUT, "a negative number" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"x\":18446744073709551616}", ERROR_BAD_INPUT,
	  NULL },
	{ "", ERROR_BAD_INPUT, NULL },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\"", ERROR_BAD_INPUT, NULL },
};

static void errors_name_the_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		struct seccomp_program p autoseccomp = { 0 };
		struct error *err autoerror = NULL;

		err = seccomp_compile(mistakes[i].json, strlen(mistakes[i].json), &plain, &p);
		if (!err)
			fail_msg("case %zu compiled: %s", i, mistakes[i].json);
		assert_null(p.insns);
		assert_int_equal(error_kind(err), mistakes[i].kind);
		if (mistakes[i].text)
			assert_string_equal(error_message(err), mistakes[i].text);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions_become_the_kernels),
		cmocka_unit_test(the_default_action_has_its_errno),
		cmocka_unit_test(conditions_are_dockers),
		cmocka_unit_test(flags_are_passed_on),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(notify_matters_only_where_it_applies),
		cmocka_unit_test(too_much_text_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
