/* What pull, push, and a run that has to pull first show of it: docker's lines and progress. */
#pragma once

#include <stdio.h>

#include "engine/engine.h"

struct transfer_view;

/*
 * A view that writes to @out: on a terminal one line a layer, redrawn in place; else a line for
 * each thing that is done. @quiet: nothing. The caller closes, which leaves the lines where they
 * are.
 */
struct transfer_view *transfer_view_open(FILE *out, bool quiet);
void transfer_view_close(struct transfer_view *view);
DEFINE_AUTO(struct transfer_view *, transfer_view_close);
#define autoview __attribute__((cleanup(transfer_view_close_p)))

/* For struct image_transfer; their data is the view. */
void transfer_view_said(void *view, const char *line);
void transfer_view_watch(void *view, const struct image_event *event);

/* Whether @ref says neither tag nor digest. */
bool transfer_is_bare(const char *ref) __attribute__((nonnull));

enum transfer_flag {
	TRANSFER_ALL_TAGS = 1,
	TRANSFER_QUIET = 2,  /* only the result */
	TRANSFER_SILENT = 4, /* not even that */
};

/*
 * Pulls @ref for the command, shown on @out. With TRANSFER_ALL_TAGS @ref has no tag. The last line,
 * the full name, is the result.
 */
struct error *transfer_pull(struct engine *e, const char *ref, const char *platform,
			    unsigned int flags, FILE *out)
	__attribute__((nonnull(1, 2, 5), warn_unused_result));
