/*
 * The device rules of cgroup v2, which are a BPF program (BPF_PROG_TYPE_CGROUP_DEVICE) attached to
 * the cgroup: 1 lets the access through. The same rules as the table of floor_cgroup.c; loaded for
 * every container, as an engine without a daemon has to. The attachment goes with the cgroup.
 */
#include "floor.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

/* clang-format off */
#define LOAD(reg, field) \
	{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (reg), .src_reg = BPF_REG_1, \
	  .off = offsetof(struct bpf_cgroup_dev_ctx, field) }
#define ALU(op, reg, value) \
	{ .code = BPF_ALU | BPF_K | (op), .dst_reg = (reg), .imm = (value) }
#define JUMP(op, reg, value, skip) \
	{ .code = BPF_JMP | BPF_K | (op), .dst_reg = (reg), .imm = (value), .off = (skip) }
#define RETURN(value) \
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = (value) }, \
	{ .code = BPF_JMP | BPF_EXIT }

/*
 * Registers: 2 the access, 3 the type, 4 major, 5 minor. A jump's distance counts from the
 * instruction after it. Making a node is always let through: nodes do nothing on our mounts.
 */
static const struct bpf_insn program[] = {
	/*  0 */ LOAD(BPF_REG_2, access_type),
	/*  1 */ LOAD(BPF_REG_3, access_type),
	/*  2 */ LOAD(BPF_REG_4, major),
	/*  3 */ LOAD(BPF_REG_5, minor),
	/*  4 */ ALU(BPF_RSH, BPF_REG_2, 16),
	/*  5 */ ALU(BPF_AND, BPF_REG_3, 0xffff),
	/*  6 */ JUMP(BPF_JEQ, BPF_REG_2, BPF_DEVCG_ACC_MKNOD, 13),
	/*  7 */ JUMP(BPF_JNE, BPF_REG_3, BPF_DEVCG_DEV_CHAR, 10),
	/*  8 */ JUMP(BPF_JEQ, BPF_REG_4, 136, 11), /* pseudoterminals */
	/*  9 */ JUMP(BPF_JNE, BPF_REG_4, 5, 2),
	/* 10 */ JUMP(BPF_JEQ, BPF_REG_5, 0, 9), /* tty */
	/* 11 */ JUMP(BPF_JEQ, BPF_REG_5, 2, 8), /* ptmx */
	/* 12 */ JUMP(BPF_JNE, BPF_REG_4, 1, 5),
	/* 13 */ JUMP(BPF_JEQ, BPF_REG_5, 3, 6), /* null */
	/* 14 */ JUMP(BPF_JEQ, BPF_REG_5, 5, 5), /* zero */
	/* 15 */ JUMP(BPF_JEQ, BPF_REG_5, 7, 4), /* full */
	/* 16 */ JUMP(BPF_JEQ, BPF_REG_5, 8, 3), /* random */
	/* 17 */ JUMP(BPF_JEQ, BPF_REG_5, 9, 2), /* urandom */
	/* 18 */ RETURN(0),
	/* 20 */ RETURN(1),
};
/* clang-format on */

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

void devices_limit_v2(int cgroup)
{
	static const char license[] = "Apache-2.0";
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uint64_t)(uintptr_t)program,
		.insn_cnt = sizeof program / sizeof *program,
		.license = (uint64_t)(uintptr_t)license,
	};
	int fd = bpf(BPF_PROG_LOAD, &load);
	if (fd < 0)
		die("load the device filter");
	union bpf_attr attach = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)fd,
		.attach_type = BPF_CGROUP_DEVICE,
	};
	if (bpf(BPF_PROG_ATTACH, &attach))
		die("attach the device filter");
	close(fd);
}
