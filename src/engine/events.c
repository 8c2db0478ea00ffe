#include "engine/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/str.h"

#include "base/banned.h"

#define EVENTS_NAME "events.log"
#define SEARCH_MAX (4 * 1024 * 1024)

static int open_log(struct engine *e)
{
	return openat(e->root_dir, EVENTS_NAME,
		      O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool is_full(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size > EVENTS_SIZE_MAX;
}

/* Who comes second finds a small file and leaves it. */
static struct error *rotate(struct engine *e)
{
	int lock autoclose = -1;
	int fd autoclose = -1;

	TRY(lock_take(e->state_dir, "events.lock", &lock));
	fd = open_log(e);
	if (fd >= 0 && is_full(fd) &&
	    renameat(e->root_dir, EVENTS_NAME, e->root_dir, EVENTS_NAME ".1") < 0)
		return error_sys("rename " EVENTS_NAME);
	return NULL;
}

static int log_fd(struct engine *e)
{
	if (e->events_fd < 0)
		e->events_fd = open_log(e);
	if (e->events_fd >= 0 && is_full(e->events_fd)) {
		error_ignore(rotate(e), "the log only grows larger");
		fd_close(&e->events_fd);
		e->events_fd = open_log(e);
	}
	return e->events_fd;
}

/* An event that cannot be written is no reason to fail what has already happened. */
static void write_line(struct engine *e, json_t *event)
{
	char *text autofree = json_dumps(event, JSON_COMPACT);
	char *line autofree = alloc_printf("%s\n", text ? text : "{}");
	int fd = log_fd(e);

	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		log_debug("%s/" EVENTS_NAME ": %s", e->root, strerror(errno));
}

static json_t *new_event(const char *type, const char *action, const char *id, json_t *attributes)
{
	int64_t now = handle_now();

	return json_pack("{s:s,s:s,s:{s:s,s:o},s:s,s:I,s:I}", "Type", type, "Action", action,
			 "Actor", "ID", id, "Attributes", attributes, "scope", "local", "time",
			 (json_int_t)(now / 1000000000), "timeNano", (json_int_t)now);
}

void events_container(struct engine *e, const char *action, const struct container *c,
		      const char *const *attributes)
{
	json_t *map = json_object();
	json_t *event autojson = NULL;

	json_object_set_new(map, "image",
			    json_string_nocheck(c->config.image ? c->config.image : ""));
	json_object_set_new(map, "name", json_string_nocheck(c->name));
	for (; attributes && attributes[0]; attributes += 2)
		json_object_set_new(map, attributes[0], json_string_nocheck(attributes[1]));
	event = new_event("container", action, c->id, map);
	write_line(e, event);
}

void events_volume(struct engine *e, const char *action, const char *name)
{
	json_t *event autojson =
		new_event("volume", action, name, json_pack("{s:s}", "driver", "local"));

	write_line(e, event);
}

int64_t events_end(struct engine *e)
{
	struct stat st;

	return fstatat(e->root_dir, EVENTS_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_size;
}

static bool is_exit_of(const char *line, size_t length, const char *id, int *ret_code)
{
	json_t *event autojson = json_loadb(line, length, 0, NULL);
	const char *action = NULL, *actor = NULL, *code = NULL;
	int64_t number;
	struct error *err;

	if (json_unpack(event, "{s:s,s:{s:s,s:{s:s}}}", "Action", &action, "Actor", "ID", &actor,
			"Attributes", "exitCode", &code) < 0 ||
	    !str_equal(action, "die") || !str_equal(actor, id))
		return false;
	err = str_parse_i64(code, 0, 255, &number);
	error_free(err);
	if (!err)
		*ret_code = (int)number;
	return !err;
}

bool events_find_exit(struct engine *e, int64_t from, const char *id, int *ret_code)
{
	int fd autoclose = openat(e->root_dir, EVENTS_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct buf text autobuf = BUF_MAX(SEARCH_MAX);
	const char *line;

	if (fd < 0)
		return false;
	if (lseek(fd, 0, SEEK_END) < from)
		from = 0; /* rotated meanwhile */
	lseek(fd, from, SEEK_SET);
	error_ignore(fd_read_all(fd, &text), "what was read is searched");
	line = buf_text(&text);
	for (const char *end; (end = strchr(line, '\n')); line = end + 1)
		if (is_exit_of(line, (size_t)(end - line), id, ret_code))
			return true;
	return false;
}
