/* Long programs, and programs that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "seccomp_ask.h"

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
		cmocka_unit_test(long_jumps_reach),
		cmocka_unit_test(too_many_instructions_are_an_error),
		cmocka_unit_test(unsound_programs_are_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
