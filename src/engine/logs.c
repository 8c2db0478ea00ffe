/*
 * Reading a container's log: ROOT/containers/ID/ID-json.log and what rotation made of it (.1 is the
 * newest of the old). Files are told apart by inode, so that a rotation in the middle of the
 * reading neither repeats nor skips records. The monitor lets go of the run-time directory after
 * the last record.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/alive.h"
#include "engine/log_line.h"

#include "base/banned.h"

#define LINE_MAX_BYTES                                                                             \
	(1024 * 1024) /* the monitor's longest is 16 KiB of text, six times that escaped */
#define BLOCK 65536
#define FILES_MAX 1001
#define NAME_SIZE (ENGINE_ID_SIZE + 24)
#define LOOK_AGAIN_MS 250

struct log_reader {
	const struct log_request *request;
	log_sink *sink;
	void *data;
	const char *id;
	int dir;
	int fd; /* the file being read, -1: none yet */
	ino_t inode;
	off_t offset;
	struct buf line; /* what was read after the last newline */
	bool overlong;	 /* the line is being skipped */
	/*
	 * What ends the reading of a log that is written to faster than it is read: the lines that
	 * were asked for, -1 where all are, and the end of the newest file when we began, -1: none.
	 */
	int64_t lines_left;
	ino_t last_inode;
	off_t last_offset;
	bool past_until;
};

static void file_name(const struct log_reader *r, unsigned int index, char name[NAME_SIZE])
{
	if (index)
		snprintf(name, NAME_SIZE, "%s-json.log.%u", r->id, index);
	else
		snprintf(name, NAME_SIZE, "%s-json.log", r->id);
}

static int open_index(const struct log_reader *r, unsigned int index)
{
	char name[NAME_SIZE];

	file_name(r, index, name);
	return openat(r->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

/*
 * One more than the highest index that a file has; the newest has 0. A rotation leaves one index
 * free for a moment, and the newest is made with its first record.
 */
static unsigned int count_files(const struct log_reader *r)
{
	unsigned int n = 0, missing = 0;
	char name[NAME_SIZE];

	for (unsigned int i = 0; i < FILES_MAX && missing < 2; i++) {
		file_name(r, i, name);
		if (faccessat(r->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
			missing++;
			continue;
		}
		missing = 0;
		n = i + 1;
	}
	return n;
}

/* The index of the file that is being read, however often it was renamed; -1 when it is gone. */
static int find_index(const struct log_reader *r)
{
	unsigned int n = count_files(r);
	char name[NAME_SIZE];
	struct stat st;

	for (unsigned int i = 0; i < n; i++) {
		file_name(r, i, name);
		if (fstatat(r->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == r->inode)
			return (int)i;
	}
	return -1;
}

static struct error *use_file(struct log_reader *r, int fd, off_t offset)
{
	struct stat st;

	fd_close(&r->fd);
	r->fd = fd;
	r->offset = offset;
	buf_consume(&r->line, r->line.length);
	r->overlong = false;
	if (fstat(fd, &st) < 0)
		return error_sys("log of container %s", r->id);
	r->inode = st.st_ino;
	return NULL;
}

static bool is_wanted(const struct log_request *q, const struct log_line *line)
{
	return (line->stream == 1 ? q->stdout_too : q->stderr_too) &&
	       (!q->since_ns || line->time_ns >= q->since_ns);
}

/* A line that is none (torn by a full disk or a killed monitor) is passed over. */
static struct error *give_line(struct log_reader *r, const char *text, size_t length)
{
	struct log_line line;
	struct error *err = length ? log_line_parse(text, length, &line) : NULL;

	if (!length || err) {
		error_ignore(err, "a damaged line of a log");
		return NULL;
	}
	if (r->request->until_ns && line.time_ns > r->request->until_ns)
		r->past_until = true;
	else if (is_wanted(r->request, &line))
		err = r->sink(r->data, line.stream, line.time_ns, line.text, line.length);
	log_line_done(&line);
	return err;
}

/* Gives out the whole lines among what is buffered. */
static struct error *give_lines(struct log_reader *r)
{
	size_t start = 0;
	char *newline;

	while (!r->past_until && r->line.length > start &&
	       (newline = memchr(r->line.data + start, '\n', r->line.length - start))) {
		size_t end = (size_t)(newline - r->line.data);

		if (!r->overlong)
			TRY(give_line(r, r->line.data + start, end - start));
		r->overlong = false;
		start = end + 1;
		if (r->lines_left > 0 && --r->lines_left == 0)
			r->past_until = true;
	}
	buf_consume(&r->line, start);
	if (r->line.length > LINE_MAX_BYTES) {
		r->overlong = true;
		buf_consume(&r->line, r->line.length);
	}
	return NULL;
}

/* The only file of a log may be emptied in place instead of rotated. */
static void follow_truncation(struct log_reader *r)
{
	struct stat st;

	if (fstat(r->fd, &st) == 0 && st.st_size < r->offset) {
		r->offset = 0;
		buf_consume(&r->line, r->line.length);
	}
}

/* What may be read at once of the present file: nothing where the reading is to end. */
static size_t room_to_end(const struct log_reader *r)
{
	if (r->last_offset < 0 || r->inode != r->last_inode || r->last_offset - r->offset >= BLOCK)
		return BLOCK;
	return r->last_offset > r->offset ? (size_t)(r->last_offset - r->offset) : 0;
}

static struct error *read_to_end(struct log_reader *r)
{
	follow_truncation(r);
	while (!r->past_until) {
		size_t room = room_to_end(r);
		ssize_t n;

		TRY(buf_reserve(&r->line, BLOCK));
		n = room ? pread(r->fd, r->line.data + r->line.length, room, r->offset) : 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys("read log of container %s", r->id);
		if (n == 0) {
			r->past_until = room == 0;
			return NULL;
		}
		r->offset += n;
		r->line.length += (size_t)n;
		TRY(give_lines(r));
	}
	return NULL;
}

/* Reads all that is there, over the files that follow the present one. */
static struct error *read_available(struct log_reader *r)
{
	for (;;) {
		int index, next, fd;

		if (r->fd < 0) { /* nothing was written yet when we looked */
			fd = open_index(r, 0);
			if (fd < 0)
				return errno == ENOENT ? NULL : error_sys("open the log");
			TRY(use_file(r, fd, 0));
		}
		/* Before reading: a file that is not the newest grows no more. */
		index = find_index(r);
		TRY(read_to_end(r));
		if (index == 0 || r->past_until)
			return NULL;
		next = index > 0 ? index - 1 : (int)count_files(r) - 1;
		if (next < 0)
			return NULL;
		fd = open_index(r, (unsigned int)next);
		if (fd < 0 && errno != ENOENT)
			return error_sys("open the log");
		/*
		 * A rotation meanwhile would have made that another file than the one that follows.
		 */
		if (index > 0 && find_index(r) != index) {
			fd_close(&fd);
			continue;
		}
		if (fd < 0)
			return NULL;
		TRY(use_file(r, fd, 0));
	}
}

/*
 * Where the last @want lines of a file begin; *@ret_found is how many it has of them. Read
 * backwards in blocks.
 */
static struct error *find_tail(int fd, int64_t want, int64_t *ret_found, off_t *ret_offset)
{
	char block[BLOCK];
	off_t end = lseek(fd, 0, SEEK_END);
	int64_t newlines = 0;

	for (off_t at = end; at > 0;) {
		size_t length = at < BLOCK ? (size_t)at : BLOCK;
		ssize_t n = pread(fd, block, length, at - (off_t)length);

		if (n != (ssize_t)length)
			return n < 0 ? error_sys("read the log") : NULL;
		at -= n;
		for (ssize_t i = n; i-- > 0;) {
			if (block[i] != '\n' || newlines++ < want)
				continue;
			*ret_found = want;
			*ret_offset = at + i + 1;
			return NULL;
		}
	}
	*ret_found = newlines;
	*ret_offset = 0;
	return NULL;
}

/* Opens the file in which the asked tail begins. */
static struct error *start_reading(struct log_reader *r)
{
	unsigned int n = count_files(r);
	int64_t want = r->request->tail;

	for (unsigned int i = 0; i < n; i++) {
		int fd autoclose = open_index(r, i);
		int64_t found = 0;
		off_t offset = 0;

		if (fd < 0 && errno == ENOENT && i + 1 < n)
			continue;
		if (fd < 0)
			return errno == ENOENT ? NULL : error_sys("open the log");
		if (want >= 0)
			TRY(find_tail(fd, want, &found, &offset));
		if (i + 1 == n || (want >= 0 && found >= want))
			return use_file(r, fd_take(&fd), offset);
		want -= want >= 0 ? found : 0;
	}
	return NULL;
}

static void wait_for_change(int inotify)
{
	struct pollfd watch = { .fd = inotify, .events = POLLIN };
	char events[4096];

	if (poll(&watch, 1, LOOK_AGAIN_MS) > 0 && read(inotify, events, sizeof(events)) < 0)
		log_debug("inotify: %s", strerror(errno));
}

static struct error *watch(struct engine *e, const char *id, int *ret_inotify)
{
	char *run autofree = alive_path(e, id);
	char *data autofree = alloc_printf("%s/containers/%s", e->root, id);
	int fd autoclose = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return error_sys("follow the log");
	if (inotify_add_watch(fd, data, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return error_sys("watch %s", data);
	if (inotify_add_watch(fd, run, IN_MOVED_TO | IN_DELETE_SELF) < 0 && errno != ENOENT)
		return error_sys("watch %s", run);
	*ret_inotify = fd_take(&fd);
	return NULL;
}

/* Whether more may come. Asked before reading: who has read to the end after that has it all. */
static bool is_written_to(int state_dir)
{
	return state_dir >= 0 && alive_is_held(state_dir);
}

/* What comes while we read is not what was asked for. */
static void stop_at_present(struct log_reader *r)
{
	int newest autoclose = open_index(r, 0);
	struct stat st;

	if (newest >= 0 && fstat(newest, &st) == 0) {
		r->last_inode = st.st_ino;
		r->last_offset = st.st_size;
	}
	if (r->request->tail > 0)
		r->lines_left = r->request->tail;
}

static struct error *read_log(struct engine *e, struct log_reader *r)
{
	int inotify autoclose = -1;
	int state_dir autoclose = -1;
	enum alive alive;

	if (r->request->follow) {
		TRY(watch(e, r->id, &inotify));
		TRY(alive_probe(e, r->id, &alive, &state_dir));
	}
	TRY(start_reading(r));
	if (!r->request->follow)
		stop_at_present(r);
	for (;;) {
		bool more = is_written_to(state_dir);

		TRY(read_available(r));
		if (!more || r->past_until)
			return NULL;
		wait_for_change(inotify);
	}
}

struct error *engine_logs(struct engine *e, const char *ref, const struct log_request *request,
			  log_sink *sink, void *data)
{
	struct container *c autocontainer = NULL;
	struct log_reader r = {
		.request = request,
		.sink = sink,
		.data = data,
		.fd = -1,
		.dir = -1,
		.line = BUF_MAX(LINE_MAX_BYTES + 2 * BLOCK),
		.lines_left = -1,
		.last_offset = -1,
	};
	struct error *err;
	int containers;

	TRY(alive_find(e, ref, true, &c));
	if (str_equal(c->host.log_driver, "none"))
		return error_new(ERROR_UNSUPPORTED,
				 "configured logging driver does not support reading");
	r.id = c->id;
	TRY(handle_dir(e, HANDLE_CONTAINERS, &containers));
	TRY(path_open_dir(containers, c->id, 0, &r.dir));
	err = read_log(e, &r);
	fd_close(&r.dir);
	fd_close(&r.fd);
	buf_done(&r.line);
	return error_wrap(err, "logs of container %s", c->name);
}
