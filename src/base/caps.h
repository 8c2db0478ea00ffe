/*
 * Capabilities by name and number (capabilities(7), linux/capability.h), and docker's rules for
 * --cap-add and --cap-drop. A set is a mask: bit n is capability n.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define CAPS_LAST 40 /* CAP_CHECKPOINT_RESTORE: the last one this program knows a name for */

/* "CAP_CHOWN" for 0; NULL above CAPS_LAST. The text is a constant. */
const char *caps_name(unsigned int bit);

/*
 * The number of the capability @name: with or without "CAP_", in any case. Any other text is
 * ERROR_BAD_INPUT "\"FOO\" is not a capability".
 */
struct error *caps_parse(const char *name, unsigned int *ret_bit)
	__attribute__((nonnull, warn_unused_result));

/*
 * The eleven that a container has unless told otherwise: CHOWN DAC_OVERRIDE FOWNER FSETID KILL
 * NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT. Docker's set without AUDIT_WRITE,
 * MKNOD and NET_RAW.
 */
uint64_t caps_default(void);

/*
 * Those that the kernel asks of the initial user namespace only (capable(), not ns_capable()):
 * elsewhere who has them can do no more than who has not.
 */
uint64_t caps_of_host_only(void);

/*
 * All that both the running kernel (/proc/sys/kernel/cap_last_cap, proc(5)) and this program know.
 */
struct error *caps_of_kernel(uint64_t *ret_mask) __attribute__((nonnull, warn_unused_result));

/*
 * The set a container gets from --cap-add and --cap-drop (strv lists, NULL is empty), by docker's
 * rules: with "ALL" in @add it is everything but @drop; else with "ALL" in @drop it is @add alone;
 * else the default without @drop and then with @add, so that a name in both is there. The result
 * holds nothing outside @host_mask; what was added by name and is not in it goes to *@ret_missing,
 * for a notice. An unknown name is ERROR_BAD_INPUT.
 */
struct error *caps_from_options(char *const *add, char *const *drop, uint64_t host_mask,
				uint64_t *ret_mask, uint64_t *ret_missing)
	__attribute__((nonnull(4, 5), warn_unused_result));
