/*
 * Writing classic BPF (linux/filter.h, Documentation/networking/filter.rst) from its end to its
 * beginning: a branch can only jump forwards, so its targets exist before it does. Conditional
 * jumps reach 255 instructions; where a target is further, a long jump is put between.
 *
 * A struct bpf_label is a place to jump to. Nothing here fails: a program that grows over
 * BPF_MAXINSNS is reported once, by bpf_finish().
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "oci/seccomp.h"

struct bpf_code;

struct bpf_label {
	size_t at; /* counted from the program's end */
};

struct bpf_code *bpf_new(void) __attribute__((returns_nonnull));
void bpf_free(struct bpf_code *code);
DEFINE_AUTO(struct bpf_code *, bpf_free);
#define autobpf __attribute__((cleanup(bpf_free_p)))

/* `return value`; an earlier one that is still near is used again. */
struct bpf_label bpf_return(struct bpf_code *code, uint32_t value) __attribute__((nonnull));

/* `if (A op k) goto yes; else goto no`, where @op is BPF_JEQ, BPF_JGT or BPF_JGE. */
struct bpf_label bpf_branch(struct bpf_code *code, uint16_t op, uint32_t k, struct bpf_label yes,
			    struct bpf_label no) __attribute__((nonnull));

/* `A = the 32-bit word at @offset of struct seccomp_data; goto next`. */
struct bpf_label bpf_load(struct bpf_code *code, size_t offset, struct bpf_label next)
	__attribute__((nonnull));

/* `A &= mask; goto next`. */
struct bpf_label bpf_and(struct bpf_code *code, uint32_t mask, struct bpf_label next)
	__attribute__((nonnull));

/* Moves the program, entered at @first, into *@ret. ERROR_LIMIT when it is too long. */
struct error *bpf_finish(struct bpf_code *code, struct bpf_label first, struct seccomp_program *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Whether @insns could have been made here: known instructions only, aligned loads inside struct
 * seccomp_data, every jump inside the program, a return at its end.
 */
bool bpf_is_sound(const struct sock_filter *insns, size_t n) __attribute__((nonnull));
