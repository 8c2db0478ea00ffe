/*
 * System call filters (seccomp(2)) from profiles in Docker's format
 * (docs.docker.com/engine/security/seccomp; also the linux.seccomp object of the OCI runtime spec,
 * config-linux.md): compiled to classic BPF, and kept compiled.
 *
 * What the compiler adds to the profile, whatever it says:
 * - the native architecture is open; i386 (on x86-64) only where both the caller and the profile
 *   want it; any other architecture ends the process;
 * - x32 calls (x86-64 numbers with bit 30) give ENOSYS, but where both want them;
 * - numbers above the highest one that the profile names give ENOSYS, not the default action,
 *   unless that one lets calls pass: programs probe for new calls and fall back only then (runc
 *   does so).
 *
 * Several rules for one call, as libseccomp has it: a rule without arguments wins over rules with,
 * the first of them if there are several; else the first rule whose arguments all match; else the
 * default action. A rule that names one argument more than once stands for several rules, each with
 * one of its comparisons (docker and runc do so).
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What the conditions of a profile (includes, excludes) are held against. */
struct seccomp_options {
	uint64_t capabilities; /* that the container will have; bit n is capability n (caps.h) */
	bool i386;	       /* may the container make i386 calls; nothing on other machines */
	bool x32;	       /* and x32 calls, where the profile lists that architecture */
	bool listener;	       /* somebody will answer notifications */
	unsigned int kernel_version; /* KERNEL_VERSION(6, 1, 0), see seccomp_running_kernel() */
};

/* A filter as the kernel takes it. seccomp_program_done() frees what it holds. */
struct seccomp_program {
	struct sock_filter *insns;
	unsigned short n_insns; /* at most BPF_MAXINSNS */
	unsigned int flags;	/* SECCOMP_FILTER_FLAG_… that the profile asks for */
	bool notifies;		/* it is for seccomp_install_listener() */
};
void seccomp_program_done(struct seccomp_program *program) __attribute__((nonnull));
#define autoseccomp __attribute__((cleanup(seccomp_program_done)))

/* The running kernel's version without its third number; 0 if uname(2) gives none. */
unsigned int seccomp_running_kernel(void);

/*
 * Compiles @length bytes of JSON into *@ret, which the caller frees. Loads libseccomp.so.2 for the
 * numbers of calls; names that neither it nor we know are left out, as docker does.
 *
 * ERROR_BAD_INPUT: not a profile; the text names the place (`syscalls[3].args[0].op: "SCMP_CMP_FOO"
 * is not a comparison`). ERROR_UNSUPPORTED: SCMP_ACT_NOTIFY or flags that need a listener, without
 * one; no libseccomp. ERROR_LIMIT: over SECCOMP_PROFILE_MAX bytes, or more than BPF_MAXINSNS
 * instructions.
 */
#define SECCOMP_PROFILE_MAX (1024 * 1024)
struct error *seccomp_compile(const char *profile, size_t length,
			      const struct seccomp_options *options, struct seccomp_program *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * As seccomp_compile(), or the same program as compiled before with the same profile and options.
 * @profile NULL is the built-in default, data/seccomp/default.json.
 *
 * Programs are kept in @cache_dir, a directory of ours with mode 0700 (-1: none is kept), one file
 * each, which holds the profile it was made from. A file is used only if it is a regular file of
 * our own with mode 0600 and one link, has the right size, key, profile and checksum, and holds a
 * well-formed program; else it is made again and replaced. Trouble with the cache is no error. When
 * libseccomp learns new names, the programs at hand stay as they are until the kernel changes.
 */
struct error *seccomp_load_cached(int cache_dir, const char *profile, size_t length,
				  const struct seccomp_options *options,
				  struct seccomp_program *ret)
	__attribute__((nonnull(4, 5), warn_unused_result));

/*
 * Puts the calling thread under @program for good (seccomp(2), SECCOMP_SET_MODE_FILTER). Needs
 * no_new_privs, or CAP_SYS_ADMIN in the caller's user namespace. Async-signal-safe on success.
 */
struct error *seccomp_install(const struct seccomp_program *program)
	__attribute__((nonnull, warn_unused_result));

/*
 * The same, where the program notifies: *@ret_fd is the listener's descriptor (seccomp_unotify(2)).
 * Every call after that may be one that waits for an answer.
 */
struct error *seccomp_install_listener(const struct seccomp_program *program, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));
