/* Instructions read from disk: what is called sound runs to its end without leaving the program. */
#include <stdint.h>
#include <string.h>

#include "oci/seccomp_bpf.h"
#include "unit/oci/bpf_run.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_filter insns[BPF_MAXINSNS + 1] = { 0 };
	size_t n = size / sizeof(*insns);
	struct seccomp_data call = { .nr = 1, .args = { 1, 2, 3, UINT64_MAX, 5, 6 } };

	if (n > BPF_MAXINSNS + 1)
		n = BPF_MAXINSNS + 1;
	if (n)
		memcpy(insns, data, n * sizeof(*insns));
	if (bpf_is_sound(insns, n))
		bpf_run(insns, n, &call, NULL); /* asserts */
	return 0;
}
