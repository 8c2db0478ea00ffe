/* Compiling a profile in a test, and asking the program for its verdict. Include after cmocka.h. */
#pragma once

#include <linux/version.h>
#include <string.h>

#include "oci/seccomp.h"
#include "oci/seccomp_bpf.h"
#include "oci/seccomp_names.h"

#include "bpf_run.h"

#define ALLOW SECCOMP_RET_ALLOW
#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))

static const struct seccomp_options plain = { .kernel_version = KERNEL_VERSION(6, 1, 0) };

static inline void compile(const char *json, const struct seccomp_options *options,
			   struct seccomp_program *ret)
{
	struct error *err = seccomp_compile(json, strlen(json), options, ret);

	if (err)
		fail_msg("%s", error_message(err));
	assert_true(bpf_is_sound(ret->insns, ret->n_insns));
}

static inline uint32_t ask_arch(const struct seccomp_program *p, uint32_t arch, uint32_t nr,
				uint64_t arg0)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = arch, .args = { arg0 } };

	return bpf_run(p->insns, p->n_insns, &data, NULL);
}

static inline uint32_t ask(const struct seccomp_program *p, uint32_t nr, uint64_t arg0)
{
	return ask_arch(p, seccomp_native_arch, nr, arg0);
}

#define PROFILE(calls) "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" calls "]}"
