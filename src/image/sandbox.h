/*
 * Starts bulkhead-unpack or bulkhead-pack: in user, mount, pid, network, ipc, uts and cgroup
 * namespaces of its own, its ids mapped to the helpers' range (base/idrange.h), holding only the
 * descriptors it is given. The rest it gives up itself (base/confine.h). It ends when the process
 * that started it does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/unpack.h"
#include "image/report.h"

struct sandbox {
	pid_t pid; /* 0: not running */
	const char *program;
	int report;	   /* read end, non-blocking */
	struct buf frames; /* what has been read of it */
};

/* For the initialiser. */
#define SANDBOX_NONE                                                                               \
	{                                                                                          \
		.report = -1, .frames = BUF_MAX(SANDBOX_REPORT_MAX)                                \
	}
#define SANDBOX_REPORT_MAX (64 << 20)

/*
 * @mode is an argument of base/unpack.h; @archive, @plain and @target become its descriptors and
 * stay the caller's (-1: none).
 */
struct error *sandbox_start(struct sandbox *s, const char *mode, int archive, int plain, int target)
	__attribute__((nonnull, warn_unused_result));

/* The same of bulkhead-pack, with a mode of base/pack.h. */
struct error *sandbox_start_pack(struct sandbox *s, const char *mode, int in, int out, int tree)
	__attribute__((nonnull, warn_unused_result));

/* Reads what the helper has reported so far; *@ret_end at the end of the report. */
struct error *sandbox_read(struct sandbox *s, bool *ret_end)
	__attribute__((nonnull, warn_unused_result));

/*
 * Reads the report to its end, waits for the helper, and gives every record to @record (NULL: there
 * may be none). The helper's own error is returned as such; one that was killed, or spoke nonsense,
 * is ERROR_SYSTEM or ERROR_BAD_INPUT.
 */
struct error *sandbox_finish(struct sandbox *s, report_record *record, void *data,
			     struct report_sum *ret_sum)
	__attribute__((nonnull(1), warn_unused_result));

/* Kills the helper if it runs and forgets it. */
void sandbox_stop(struct sandbox *s) __attribute__((nonnull));
#define autosandbox __attribute__((cleanup(sandbox_stop)))

/*
 * A detached mount of the directory @dir in which the ids of the helpers' range are ids 0-65535 on
 * disk.
 */
struct error *sandbox_target(int dir, int *ret_fd) __attribute__((nonnull, warn_unused_result));

/* The same for a helper that only reads there. */
struct error *sandbox_source(int dir, int *ret_fd) __attribute__((nonnull, warn_unused_result));
