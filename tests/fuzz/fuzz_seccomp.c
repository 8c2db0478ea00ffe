/*
 * Seccomp profiles from users: what compiles must be a program that the kernel would take, whose
 * every run ends, and that keeps closed what no profile can open.
 */
#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/version.h>

#include "oci/seccomp.h"
#include "oci/seccomp_bpf.h"
#include "oci/seccomp_names.h"
#include "unit/oci/bpf_run.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const struct seccomp_program *p, bool i386)
{
	static const uint64_t values[] = { 0, 1, 0x5412, UINT32_MAX, UINT64_MAX, 1ull << 63 };
	struct seccomp_data call = { .arch = AUDIT_ARCH_ARM };

	assert(bpf_run(p->insns, p->n_insns, &call, NULL) == SECCOMP_RET_KILL_PROCESS);
	call.arch = AUDIT_ARCH_I386;
	if (!i386)
		assert(bpf_run(p->insns, p->n_insns, &call, NULL) == SECCOMP_RET_KILL_PROCESS);
	call.arch = seccomp_native_arch;
	for (call.nr = 0; call.nr < 480; call.nr++) {
		for (size_t a = 0; a < 6; a++)
			call.args[a] = values[((size_t)call.nr + a) % 6];
		bpf_run(p->insns, p->n_insns, &call, NULL);
	}
#ifdef __x86_64__
	call.nr |= 0x40000000;
	assert(bpf_run(p->insns, p->n_insns, &call, NULL) == (SECCOMP_RET_ERRNO | ENOSYS));
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct seccomp_options options = { .capabilities = i ? UINT64_MAX : 0,
						   .i386 = i,
						   .kernel_version = KERNEL_VERSION(6, 1, 0) };
		struct seccomp_program p autoseccomp = { 0 };
		struct error *err = seccomp_compile((const char *)data, size, &options, &p);

		if (err) {
			assert(!p.insns);
			assert(error_is(err, ERROR_BAD_INPUT) || error_is(err, ERROR_UNSUPPORTED) ||
			       error_is(err, ERROR_LIMIT));
			error_free(err);
			continue;
		}
		assert(bpf_is_sound(p.insns, p.n_insns));
		run(&p, i);
	}
	return 0;
}
