/*
 * A stand for bulkhead-monitor without a container: a plain child as its first process, temporary
 * state and log directories, and this test program itself as the `bulkhead` whose `_ended` it runs
 * (which leaves a file).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attach.h"

struct rig_options {
	void (*program)(void); /* the "container"; returns for exit(0) */
	const char *script;    /* or this, by /bin/sh */
	uint64_t client;       /* flags of the first client; 0: none */
	bool stdin_open, tty, session, no_log;
	const char *log_size, *log_files;
	const char *oom;   /* contents of the cgroup's memory file */
	const char *fails; /* instead of the program: the error that it could not be executed for */
	bool command;	   /* somebody waits for the word that it started: rig_started() */
};

struct rig {
	char dir[64]; /* holds state/ID and log/ */
	int state, log;
	int client; /* -1: none */
	int status; /* of the command; -1: there is none */
	pid_t monitor;
};

#define RIG_ID "0123456789abcdef"

/* For main(): whether this process is the monitor's `bulkhead`, which has done its work then. */
bool rig_is_engine(int argc, char **argv);

void rig_start(struct rig *r, const struct rig_options *o);
int rig_attach(const struct rig *r, uint64_t flags); /* one more client; waits for the socket */
struct error *rig_started(struct rig *r);	     /* what the command was told */
int rig_wait(struct rig *r);			     /* for the monitor: its wait status */
void rig_done(struct rig *r);			     /* removes everything */

bool rig_has(const struct rig *r, const char *name); /* in the state directory */
bool rig_ended(const struct rig *r);		     /* `_ended ID` was run */
char *rig_record(const struct rig *r); /* the exit record, or NULL; the caller frees */
char *rig_log(const struct rig *r);    /* ID-json.log; the caller frees */
pid_t rig_closer(const struct rig *r); /* the monitor's second process */

/* What one client has got until ATTACH_EXIT. */
struct rig_heard {
	char *out, *err; /* the caller frees */
	size_t n_out, n_err;
	int exit_code; /* -1: end of file came first */
	bool oom;
};
void rig_hear(int client, struct rig_heard *h);
void rig_heard_done(struct rig_heard *h);
void rig_say(int client, uint32_t type, const void *data, size_t length);
/* Reads until the output holds @text. */
void rig_expect(int client, const char *text);

double rig_now(void); /* seconds */
unsigned long rig_pss_kb(pid_t pid);
