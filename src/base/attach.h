/*
 * The words between a container's monitor and the clients of its stdio, as frames of base/msg.h
 * over a UNIX stream socket. A client begins with ATTACH_HELLO; what it does not ask for is not
 * sent. Both sides refuse frames over ATTACH_PAYLOAD_MAX and drop the peer that sends an unknown
 * type.
 */
#pragma once

#define ATTACH_PAYLOAD_MAX 65536

enum attach_type {
	/* client to monitor */
	ATTACH_HELLO = 1, /* u64 flags: enum attach_flag */
	ATTACH_STDIN,	  /* bytes */
	/* no more input from this client; the container's stdin is closed when it is the last */
	ATTACH_STDIN_EOF,
	ATTACH_RESIZE, /* u64 rows, u64 columns */
	/*
	 * this client has recorded the end: the monitor need not spawn `_ended`. When the end of
	 * file follows, nothing of the monitor is left
	 */
	ATTACH_ENDED,
	/* monitor to client */
	ATTACH_STDOUT = 64, /* bytes; with a tty everything is stdout */
	ATTACH_STDERR,	    /* bytes */
	/* u64 exit code, u64 1 if killed for memory; after all output, then end of file */
	ATTACH_EXIT,
};

enum attach_flag {
	ATTACH_WANT_STDIN = 1,
	ATTACH_WANT_STDOUT = 2,
	ATTACH_WANT_STDERR = 4,
	/* this client records the end (engine_ended()) and then says ATTACH_ENDED */
	ATTACH_WILL_END = 8,
};

/*
 * What bulkhead-monitor finds in its hands: descriptors by number. -1 ones are closed. The rest
 * comes as arguments:
 *
 *   bulkhead-monitor [--tty] [--session] [--log-size BYTES] [--log-files N]
 *                    --root DIR --state DIR ID
 *
 * --session: an exec session, whose end spawns nothing; its directory is removed by the client that
 * says ATTACH_ENDED, without one by the monitor.
 */
enum monitor_fd {
	/* the container's or session's first process, a child of the monitor */
	MONITOR_FD_PIDFD = 3,
	/* STATE/containers/ID (or …/exec/SESSION): exit record, attach socket */
	MONITOR_FD_STATE_DIR,
	MONITOR_FD_LOG_DIR, /* ROOT/containers/ID: ID-json.log, made with the first record */
	MONITOR_FD_STDIN,   /* write end of the program's stdin; closed: none */
	/*
	 * read end of its stdout; with a tty its master, unless that comes over CHANNEL (STDIN and
	 * STDERR are closed then)
	 */
	MONITOR_FD_STDOUT,
	MONITOR_FD_STDERR, /* read end of its stderr */
	MONITOR_FD_CLIENT, /* the first client's socket, ATTACH_HELLO already sent; closed: none */
	/* O_PATH of `bulkhead`, for `bulkhead --root DIR --state DIR _ended ID` */
	MONITOR_FD_ENGINE,
	MONITOR_FD_HOLD, /* mount namespace, kept until the exit has been reported */
	/* memory.events (v2) or memory.oom_control (v1) of the container; both have "oom_kill N" */
	MONITOR_FD_OOM,
	/* for started_wait() (base/started.h); closed: the program runs already */
	MONITOR_FD_CHANNEL,
	/*
	 * where the command waits: one NUL byte when the program has been executed, or the frame
	 * of the error (error_encode()); closed: nobody does
	 */
	MONITOR_FD_STATUS,
	MONITOR_FD_END,
};

/*
 * The exit record, STATE/containers/ID/exit, written by rename: one line
 * {"ExitCode":N,"OOMKilled":false,"FinishedAt":NANOSECONDS}. The attach socket is
 * STATE/containers/ID/attach.
 */
#define ATTACH_SOCKET_NAME "attach"
#define MONITOR_EXIT_NAME "exit"
