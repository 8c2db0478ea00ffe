/*
 * Which device nodes a container may use: the list for both versions, and for version 2 the program
 * that enforces it (kernel: bpf/prog_cgroup_sysctl's sibling BPF_PROG_TYPE_CGROUP_DEVICE, struct
 * bpf_cgroup_dev_ctx).
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "oci/cgroup.h"

#include "base/banned.h"

/*
 * Making any node is allowed here: it is Landlock's, the capabilities' and nodev's to refuse that.
 */
const struct cgroup_device cgroup_default_devices[] = {
	{ 'c', -1, -1, "m" }, { 'b', -1, -1, "m" },    { 'c', 1, 3, "rwm" }, { 'c', 1, 5, "rwm" },
	{ 'c', 1, 7, "rwm" }, { 'c', 1, 8, "rwm" },    { 'c', 1, 9, "rwm" }, { 'c', 5, 0, "rwm" },
	{ 'c', 5, 2, "rwm" }, { 'c', 136, -1, "rwm" },
};
#define N_DEFAULT (sizeof(cgroup_default_devices) / sizeof(*cgroup_default_devices))

struct error *cgroup_devices_of(const struct oci_spec *spec, struct cgroup_device **ret,
				size_t *ret_n)
{
	const struct oci_resources *r = &spec->resources;
	struct cgroup_device *list autofree =
		alloc_zeroed(N_DEFAULT + spec->n_devices + 2 * r->n_rules, sizeof(*list));
	size_t n = N_DEFAULT;

	memcpy(list, cgroup_default_devices, sizeof(cgroup_default_devices));
	for (size_t i = 0; i < spec->n_devices; i++) {
		const struct oci_device *d = &spec->devices[i];
		struct stat st;

		if (stat(d->host_path, &st) < 0)
			return error_sys("device %s", d->host_path);
		list[n++] = (struct cgroup_device){
			.type = S_ISBLK(st.st_mode) ? 'b' : 'c',
			.major = (int)major(st.st_rdev),
			.minor = (int)minor(st.st_rdev),
			.access = d->access,
		};
	}
	for (size_t i = 0; i < 2 * r->n_rules; i++) { /* 'a' is one rule for each kind */
		const struct oci_device_rule *rule = &r->rules[i / 2];
		char type = i % 2 ? 'b' : 'c';

		if (rule->type == type || rule->type == 'a')
			list[n++] = (struct cgroup_device){ type, rule->major, rule->minor,
							    rule->access };
	}
	*ret = take(list);
	*ret_n = n;
	return NULL;
}

#define INSN(code_, dst, src, off_, imm_)                                                          \
	(struct bpf_insn)                                                                          \
	{                                                                                          \
		.code = (code_), .dst_reg = (dst), .src_reg = (src), .off = (off_), .imm = (imm_)  \
	}

struct program {
	struct bpf_insn *insns;
	size_t n;
};

static void emit(struct program *p, struct bpf_insn insn)
{
	p->insns[p->n++] = insn;
}

static int access_bits(const char *access)
{
	int bits = 0;

	for (; *access; access++)
		bits |= *access == 'r'	 ? BPF_DEVCG_ACC_READ
			: *access == 'w' ? BPF_DEVCG_ACC_WRITE
					 : BPF_DEVCG_ACC_MKNOD;
	return bits;
}

/*
 * r2: type, r3: access, r4: major, r5: minor. Each rule that does not match jumps over its own end.
 */
static void emit_rule(struct program *p, const struct cgroup_device *d)
{
	size_t jumps[4], n = 0;

	jumps[n++] = p->n;
	emit(p, INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0,
		     d->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR));
	if (access_bits(d->access) != 7) {
		emit(p, INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0));
		emit(p, INSN(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, access_bits(d->access)));
		jumps[n++] = p->n;
		emit(p, INSN(BPF_JMP | BPF_JNE | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0));
	}
	if (d->major >= 0) {
		jumps[n++] = p->n;
		emit(p, INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, 0, d->major));
	}
	if (d->minor >= 0) {
		jumps[n++] = p->n;
		emit(p, INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 0, d->minor));
	}
	emit(p, INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1));
	emit(p, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
	for (size_t i = 0; i < n; i++)
		p->insns[jumps[i]].off = (short)(p->n - jumps[i] - 1);
}

static void emit_program(struct program *p, const struct cgroup_device *devices, size_t n)
{
	emit(p, INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, 0,
		     0)); /* access_type: type below, access above */
	emit(p, INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0));
	emit(p, INSN(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff));
	emit(p, INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16));
	emit(p, INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1, 4, 0));
	emit(p, INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1, 8, 0));
	for (size_t i = 0; i < n; i++)
		emit_rule(p, &devices[i]);
	emit(p, INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0));
	emit(p, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

struct error *cgroup_devices_attach(int dir, const struct cgroup_device *devices, size_t n)
{
	struct bpf_insn *insns autofree = alloc_zeroed(8 + 8 * n, sizeof(*insns));
	struct program p = { .insns = insns };
	static const char license[] = "Apache-2.0";
	union bpf_attr attr = { 0 };
	int program autoclose = -1;

	emit_program(&p, devices, n);
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.insn_cnt = (uint32_t)p.n;
	attr.license = (uint64_t)(uintptr_t)license;
	program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (program < 0)
		return error_sys("load the device program");
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)dir;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)) < 0)
		return error_sys("attach the device program");
	return NULL;
}
