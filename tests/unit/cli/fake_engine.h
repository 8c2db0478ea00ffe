/*
 * An engine, image store and terminal session for the command line's tests: nothing runs, what is
 * asked is kept as text, what is answered is set by the test. The tables of the requests are the
 * real ones.
 */
#pragma once

#include <stdbool.h>

#include "engine/engine.h"

struct fake {
	char calls[4096];    /* "create start:ID attach ended:ID …", in order */
	char *config, *host; /* JSON of the last create_request, and its name */
	char *name;
	char *exec;    /* "user|dir|tty,stdin,privileged,detach|env …|argv …" */
	char *logs;    /* "tail since until follow" */
	char *session; /* "tty,stdin,proxy,keys" */
	struct container **containers;
	size_t n_containers;
	struct image **images;
	size_t n_images;
	int exit_code;
	bool detaches;		   /* the user detaches from the session */
	enum error_kind fail_kind; /* of the call whose name is .fail, which fails */
	int fail_status;
	const char *fail;
};
extern struct fake fake;

void fake_reset(void);

/* A container and an image for the lists; the caller may set more fields. */
struct container *fake_add_container(const char *id, const char *name);
struct image *fake_add_image(const char *id, const char *name);

/* What a command line does: its exit status, and what it wrote. */
struct result {
	int status;
	char out[65536], err[65536];
};
void fake_run(struct result *r, const char *const *words);
#define RUN(r, ...) fake_run((r), (const char *const[]){ __VA_ARGS__, NULL })
