#include "oci/seccomp_bpf.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* As far as a branch may look: less than 255, because a long jump or two may get in between. */
#define NEAR 250

/* Different return values that are remembered; filters have three or four. */
#define RETURNS_MAX 8

struct bpf_code {
	struct sock_filter insns[BPF_MAXINSNS]; /* last instruction first */
	size_t n;				/* goes on counting when the array is full */
	struct {
		uint32_t value;
		struct bpf_label label;
	} returns[RETURNS_MAX];
	size_t n_returns;
};

struct bpf_code *bpf_new(void)
{
	return alloc_zeroed(1, sizeof(struct bpf_code));
}

void bpf_free(struct bpf_code *code)
{
	free(code);
}

static struct bpf_label put(struct bpf_code *code, struct sock_filter insn)
{
	if (code->n < BPF_MAXINSNS)
		code->insns[code->n] = insn;
	return (struct bpf_label){ code->n++ };
}

/* How many instructions lie between the next one written and @target. */
static size_t distance(const struct bpf_code *code, struct bpf_label target)
{
	return code->n - 1 - target.at;
}

static struct bpf_label put_long_jump(struct bpf_code *code, struct bpf_label target)
{
	uint32_t k = (uint32_t)distance(code, target);

	return put(code, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, k));
}

struct bpf_label bpf_return(struct bpf_code *code, uint32_t value)
{
	size_t i = 0;

	while (i < code->n_returns && code->returns[i].value != value)
		i++;
	if (i < code->n_returns && distance(code, code->returns[i].label) <= NEAR)
		return code->returns[i].label;
	if (i == RETURNS_MAX)
		i = 0;
	if (i == code->n_returns)
		code->n_returns++;
	code->returns[i].value = value;
	code->returns[i].label = put(code, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value));
	return code->returns[i].label;
}

static struct bpf_label within_reach(struct bpf_code *code, struct bpf_label target)
{
	return distance(code, target) <= NEAR ? target : put_long_jump(code, target);
}

struct bpf_label bpf_branch(struct bpf_code *code, uint16_t op, uint32_t k, struct bpf_label yes,
			    struct bpf_label no)
{
	uint8_t jt, jf;

	if (yes.at == no.at)
		return yes;
	yes = within_reach(code, yes);
	no = within_reach(code, no);
	jt = (uint8_t)distance(code, yes);
	jf = (uint8_t)distance(code, no);
	return put(code, (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, k, jt, jf));
}

/* What is not a branch goes on to the instruction after it, so @next has to be that one. */
static void fall_through(struct bpf_code *code, struct bpf_label next)
{
	if (distance(code, next) != 0)
		put_long_jump(code, next);
}

struct bpf_label bpf_load(struct bpf_code *code, size_t offset, struct bpf_label next)
{
	fall_through(code, next);
	return put(code, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

struct bpf_label bpf_and(struct bpf_code *code, uint32_t mask, struct bpf_label next)
{
	fall_through(code, next);
	return put(code, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
}

struct error *bpf_finish(struct bpf_code *code, struct bpf_label first, struct seccomp_program *ret)
{
	struct sock_filter *insns;

	fall_through(code, first);
	if (code->n > BPF_MAXINSNS)
		return error_new(ERROR_LIMIT,
				 "the profile needs %zu instructions, the kernel takes %d", code->n,
				 BPF_MAXINSNS);
	insns = alloc_zeroed(code->n, sizeof(*insns));
	for (size_t i = 0; i < code->n; i++)
		insns[i] = code->insns[code->n - 1 - i];
	ret->insns = insns;
	ret->n_insns = (unsigned short)code->n;
	return NULL;
}

bool bpf_is_sound(const struct sock_filter *insns, size_t n)
{
	if (n == 0 || n > BPF_MAXINSNS || insns[n - 1].code != (BPF_RET | BPF_K))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t left = n - 1 - i; /* instructions after this one */

		switch (insns[i].code) {
		case BPF_RET | BPF_K:
		case BPF_ALU | BPF_AND | BPF_K:
			break;
		case BPF_LD | BPF_W | BPF_ABS:
			if (insns[i].k % 4 || insns[i].k >= sizeof(struct seccomp_data))
				return false;
			break;
		case BPF_JMP | BPF_JA:
			if (insns[i].k >= left)
				return false;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
			if (insns[i].jt >= left || insns[i].jf >= left)
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}
