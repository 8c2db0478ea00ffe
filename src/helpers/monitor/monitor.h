/*
 * What the files of bulkhead-monitor share. One process, one thread, one epoll loop, everything in
 * one static object: nothing is allocated once the loop runs, and pages that were never used cost
 * nothing.
 *   output.c   the container's stdout, stderr or tty -> log and clients
 *   client.c   the sockets of those who attached: frames of base/attach.h in both directions
 *   input.c    clients -> the container's stdin, tty size
 *   end.c      reaping, the exit record, and what is left to do after the end
 *   closer.c   the small second process that starts `bulkhead _ended`
 *   confine.c  what this process gives up before it reads its first byte
 *   logfile.c  json-file records and rotation
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include "base/attach.h"
#include "base/loop.h"
#include "base/msg.h"
#include "helpers/monitor/logfile.h"

enum {
	MONITOR_CHUNK = LOGFILE_TEXT_MAX,	/* one read of output; the longest record, too */
	MONITOR_PENDING = MONITOR_CHUNK + 4096, /* of a client: a chunk, and what follows it */
	MONITOR_CLIENTS = 32,
	MONITOR_DRAIN_MS = 100,	  /* for output of processes that outlive the container's first */
	MONITOR_REPORT_MS = 2000, /* for attached clients to take their last bytes */
	MONITOR_IDLE_MS = 1000,	  /* then buffers' memory goes back */
};

enum monitor_phase {
	PHASE_RUNNING,
	PHASE_DRAINING,	 /* the process is gone, its output may not be */
	PHASE_REPORTING, /* ATTACH_EXIT is on its way */
	PHASE_ENDING,	 /* a client records the end */
	PHASE_DONE,
};

struct monitor;

/* stdout, stderr, or the tty's master (then as stdout). */
struct output {
	struct monitor *m;
	int fd; /* -1: at its end */
	uint32_t type;
	bool watched;
	bool settled;	   /* all that was there when the process ended has been read */
	size_t after_exit; /* bytes read since then */
	size_t fill;	   /* bytes of a line that has not ended, at the start of line */
	char *line;	   /* MONITOR_CHUNK */
};

/* The container's stdin, or the tty's master once more. */
struct input {
	int fd; /* -1: none, or closed; what comes is discarded */
	bool watched, over;
	size_t at, end; /* of data: not yet written */
	char *data;	/* MONITOR_CHUNK */
};

struct client {
	struct monitor *m;
	int fd;	       /* -1: a free slot */
	bool lossless; /* the one the container was started for: output waits for it */
	bool greeted, said_eof, told;
	bool deaf;	 /* takes no more output */
	bool paused;	 /* its input waits for the container's stdin */
	uint32_t events; /* watched for */
	uint64_t flags, skipped;
	struct msg_head head; /* of the frame being read */
	size_t head_got, payload_got;
	char payload[16]; /* of all but ATTACH_STDIN */
	size_t pending_at, pending_end;
	char *pending; /* MONITOR_PENDING */
};

struct monitor {
	struct loop *loop;
	bool tty, session;
	const char *root, *state, *id;
	uint64_t log_bytes, log_files;

	int pidfd, state_dir, log_dir, engine, hold, oom, channel, status, listener;
	int tty_peer; /* the tty's other end: while it is open, reading the master never hangs up */
	int record;   /* of the exit record, reserved beforehand */
	int session_parent; /* the directory that holds an exec session's, session_name */
	char session_name[NAME_MAX + 1];
	int closer; /* pipe to the closer; -1: none */
	pid_t closer_pid;

	enum monitor_phase phase;
	bool late;  /* the time for draining is over */
	bool ended; /* a client has recorded the end */
	int exit_code;
	bool oom_killed;

	bool logging;
	struct output outputs[2];
	struct input input;
	struct client clients[MONITOR_CLIENTS];
	struct logfile log;

	/* Apart from what is always in use: an idle monitor has no page of these. */
	char lines[2][MONITOR_CHUNK] __attribute__((aligned(4096)));
	char input_data[MONITOR_CHUNK] __attribute__((aligned(4096)));
	char pending[MONITOR_CLIENTS][MONITOR_PENDING] __attribute__((aligned(4096)));
};

/*
 * output.c. Outputs are read only while clients_ready(): outputs_resume() at the start, and
 * whenever a client blocks them no more. outputs_drain() reads what is there when the process is
 * gone, outputs_finish() logs the last, unfinished lines.
 */
struct error *outputs_resume(struct monitor *m);
struct error *outputs_drain(struct monitor *m);
bool outputs_done(const struct monitor *m);
void outputs_finish(struct monitor *m);
void outputs_release(struct monitor *m);

/* Gives the whole pages between back to the kernel; a buffer's then read as zeros. */
void release_pages(const char *from, const char *end);

/* client.c */
struct error *clients_listen(struct monitor *m);
struct error *client_adopt(struct monitor *m, int fd, bool lossless);
bool clients_ready(const struct monitor *m);
struct error *clients_send(struct monitor *m, uint32_t type, const char *data, size_t length);
struct error *clients_resume_input(struct monitor *m);

/* Whether one is attached for stdin and has not said ATTACH_STDIN_EOF. */
bool clients_want_input(const struct monitor *m);
struct error *clients_report_exit(struct monitor *m);
/*
 * To those who have asked for no output, where the rest of it waits for a client that does not
 * read: the end is for them.
 */
struct error *clients_report_to_watchers(struct monitor *m);
bool clients_reported(const struct monitor *m);
bool clients_will_end(const struct monitor *m);

/*
 * Parts with those that have not taken their last bytes; in PHASE_ENDING, with all that do not
 * record the end.
 */
void clients_leave(struct monitor *m);

/* input.c. input_flush() writes what is in m->input.data. */
bool input_has_room(const struct monitor *m);
struct error *input_flush(struct monitor *m);
struct error *input_eof(struct monitor *m);
struct error *input_close(struct monitor *m);
void input_resize(struct monitor *m, uint64_t rows, uint64_t columns);

/*
 * end.c. end_advance() is to be called whenever something happened that the end may wait for,
 * end_finish() after the loop.
 */
struct error *end_prepare(struct monitor *m);
struct error *end_advance(struct monitor *m);
void end_finish(struct monitor *m);
