#include "runtime/container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/self.h"
#include "base/str.h"
#include "base/strv.h"
#include "runtime/report.h"

#include "base/banned.h"

const char *status_name(enum status status)
{
	static const char *const names[] = { "creating", "created", "running", "paused",
					     "stopped" };

	return names[status];
}

void container_close(struct container *c)
{
	free(c->id);
	free(c->path);
	oci_state_done(&c->state);
	config_done(&c->config);
	fd_close(&c->lock);
	fd_close(&c->dir);
	*c = (struct container)CONTAINER_NONE;
}

struct error *container_check_id(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-.";
	char *quoted autofree = str_quote(id);
	char wrong = id[strspn(id, allowed)];

	if (wrong > ' ' && wrong < 0x7f) /* runc's words, and crun's */
		return error_new(
			ERROR_BAD_INPUT,
			"invalid container ID format: %s: invalid character `%c` in the ID", quoted,
			wrong);
	if (str_equal(id, RUNTIME_CACHE_NAME) || !*id || wrong || !path_is_name(id) ||
	    strlen(id) > NAME_MAX)
		return error_new(ERROR_BAD_INPUT,
				 "invalid container ID format: %s: only letters, digits and _+-."
				 " are allowed",
				 quoted);
	return NULL;
}

/*
 * Locks the directory itself: a lock file would be removed with it, and made anew by who comes
 * while it is being removed. What was locked may be gone, or another's, by the time we have it.
 */
static struct error *lock_dir(struct runtime *rt, struct container *c, bool *ret_gone)
{
	struct stat locked, named;

	TRY(lock_take_dir(c->dir, &c->lock));
	if (fstat(c->lock, &locked) < 0)
		return error_sys("lock of container %s", c->id);
	if (fstatat(rt->root_dir, c->id, &named, AT_SYMLINK_NOFOLLOW) == 0)
		*ret_gone = named.st_dev != locked.st_dev || named.st_ino != locked.st_ino;
	else if (errno == ENOENT)
		*ret_gone = true;
	else
		return error_sys("container %s", c->id);
	return NULL;
}

static struct error *open_dir(struct runtime *rt, const char *id, struct container *c)
{
	int root;

	TRY(container_check_id(id));
	TRY(runtime_root(rt, &root));
	c->id = alloc_string(id);
	c->path = alloc_printf("%s/%s", rt->root, id);
	c->dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->dir < 0 && errno == ENOENT)
		return error_new(ERROR_NOT_FOUND, "container does not exist");
	return c->dir < 0 ? error_sys("container %s", id) : NULL;
}

static struct error *load_state(struct container *c)
{
	struct error *err = oci_state_load(c->dir, &c->state);

	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	error_ignore(err, "a container that was never completed");
	return NULL;
}

enum need { NEED_ALL, NEED_HOOKS };

static struct error *load_config(struct container *c, enum need need)
{
	struct buf text autobuf = BUF_MAX(CONFIG_BYTES_MAX);
	struct error *err = config_read(c->dir, CONFIG_NAME, &text);

	c->has_config = !err;
	if (error_is(err, ERROR_NOT_FOUND)) {
		error_ignore(err, "a container that was never completed");
		return NULL;
	}
	TRY(err);
	/* A half-made one is removed by what it was to be. */
	if (need == NEED_HOOKS && c->state.id && !json_mentions(buf_text(&text), "hooks", true))
		return NULL;
	return error_wrap(config_parse(buf_text(&text), text.length, &c->config), CONFIG_NAME);
}

static struct error *open_container(struct runtime *rt, const char *id, bool lock, enum need need,
				    struct container *ret)
{
	struct container c autocontainer = CONTAINER_NONE;
	bool gone = false;

	TRY(open_dir(rt, id, &c));
	if (lock)
		TRY(lock_dir(rt, &c, &gone));
	if (gone)
		return error_new(ERROR_NOT_FOUND, "container does not exist");
	TRY(load_state(&c));
	TRY(load_config(&c, need));
	*ret = c;
	c = (struct container)CONTAINER_NONE;
	return NULL;
}

struct error *container_open(struct runtime *rt, const char *id, struct container *ret)
{
	return open_container(rt, id, true, NEED_ALL, ret);
}

struct error *container_open_brief(struct runtime *rt, const char *id, struct container *ret)
{
	return open_container(rt, id, true, NEED_HOOKS, ret);
}

struct error *container_look_brief(struct runtime *rt, const char *id, struct container *ret)
{
	return open_container(rt, id, false, NEED_HOOKS, ret);
}

struct error *container_look(struct runtime *rt, const char *id, struct container *ret)
{
	return open_container(rt, id, false, NEED_ALL, ret);
}

struct error *container_new(struct runtime *rt, const char *id, struct container *ret)
{
	int root;

	TRY(container_check_id(id));
	TRY(runtime_root(rt, &root));
	for (;;) {
		struct container c autocontainer = CONTAINER_NONE;
		struct error *err;

		if (mkdirat(root, id, 0700) < 0 && errno != EEXIST)
			return error_sys("make the run-time directory of %s", id);
		err = container_open(rt, id, &c);
		if (error_is(err, ERROR_NOT_FOUND)) {
			error_ignore(err, "it was removed meanwhile");
			continue;
		}
		TRY(err);
		if (c.state.id)
			return error_new(ERROR_CONFLICT, "container with given ID already exists");
		/* Who made it does not matter as long as nothing is in it: we have locked it. */
		if (!c.has_config) {
			*ret = c;
			c = (struct container)CONTAINER_NONE;
			return NULL;
		}
		TRY(container_destroy(rt, &c)); /* a killed `create` has left it */
	}
}

struct error *container_protect_early(int config_dir, const char *path)
{
	struct buf text autobuf = BUF_MAX(CONFIG_BYTES_MAX);
	struct error *err = NULL;

	if (geteuid() != 0) /* who reads all of it knows what to do then */
		return NULL;
	err = config_read(config_dir, path, &text);
	if (err) {
		error_ignore(err, "who reads all of it will say so");
		return NULL;
	}
	return json_mentions(buf_text(&text), "user", false) ? NULL : self_protect();
}

struct error *container_protect(struct runtime *rt, const char *id)
{
	struct container c autocontainer = CONTAINER_NONE;

	TRY(open_dir(rt, id, &c));
	return container_protect_early(c.dir, CONFIG_NAME);
}

enum status container_status(const struct container *c)
{
	if (!c->state.id || !oci_state_is_alive(&c->state))
		return STATUS_STOPPED;
	if (oci_is_frozen(&c->state))
		return STATUS_PAUSED;
	if (oci_gate_is_closed(c->dir))
		return STATUS_CREATED;
	return STATUS_RUNNING;
}

struct error *container_keep_config(const struct container *c)
{
	char *text autofree = config_encode(&c->config);

	return path_replace(c->dir, CONFIG_NAME, text, strlen(text), 0600, false);
}

struct oci_bundle container_bundle(const struct container *c)
{
	return (struct oci_bundle){
		.config = &c->config,
		.path = c->state.bundle ? c->state.bundle : "",
		.dir = -1,
		.console_socket = -1,
		.seccomp_cache = -1,
	};
}

struct error *container_run_hooks(const struct container *c, bool stopped,
				  void (*warn)(const char *text))
{
	const struct config_hooks *h = &c->config.hooks;
	struct oci_bundle bundle = container_bundle(c);
	int output[2];
	struct oci_hooks row = { .dir = -1, .output = output, .warn = warn };
	char *state autofree = NULL;
	struct error *err;

	row.name = stopped ? "poststop" : "poststart";
	row.list = stopped ? h->poststop : h->poststart;
	row.n = stopped ? h->n_poststop : h->n_poststart;
	if (!c->has_config || !row.n)
		return NULL;
	TRY(oci_hook_output(&bundle, output));
	state = stopped ? oci_state_text(c->id, &bundle, "stopped", 0)
			: oci_state_text(c->id, &bundle, "running", (pid_t)c->state.pid);
	err = oci_run_hooks(&row, state);
	fd_close(&output[0]);
	fd_close(&output[1]);
	return err;
}

/* Their failure is told and stops nothing (config.md, Poststop). */
static void run_poststop(const struct container *c)
{
	struct error *err = container_run_hooks(c, true, report_warning);

	if (err)
		report_warning(error_message(err));
	error_free(err);
}

struct error *container_destroy(struct runtime *rt, struct container *c)
{
	struct oci_bundle bundle = container_bundle(c);

	TRY(oci_delete(c->dir, c->path));
	if (!c->state.id && c->has_config && !c->undone)
		TRY(oci_delete_unfinished(c->id, &bundle));
	run_poststop(c); /* also where creating it has failed: runtime.md, Lifecycle */
	return path_remove_tree(rt->root_dir, c->id);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct error *container_list(struct runtime *rt, char ***ret)
{
	char **ids autostrv = NULL;
	struct dirent *entry;
	DIR *stream;
	int root;

	TRY(runtime_root(rt, &root));
	stream = fdopendir(openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!stream)
		return error_sys("read %s", rt->root);
	while ((entry = readdir(stream)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			strv_add(&ids, entry->d_name);
	closedir(stream);
	if (ids)
		qsort(ids, strv_length(ids), sizeof(*ids), by_text);
	*ret = take(ids);
	return NULL;
}

static struct error *compile(const char *pattern, regex_t *regex)
{
	char text[128];
	int code = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (code == 0)
		return NULL;
	regerror(code, regex, text, sizeof(text));
	return error_new(ERROR_BAD_INPUT, "--regex: %s: %s", pattern, text);
}

struct error *container_each(struct runtime *rt, const char *pattern,
			     struct error *(*act)(struct runtime *rt, const void *data,
						  const char *id),
			     const void *data)
{
	char **ids autostrv = NULL;
	struct error *last = NULL;
	regex_t regex;

	TRY(container_list(rt, &ids));
	TRY(compile(pattern, &regex));
	for (size_t i = 0; ids && ids[i]; i++) {
		struct error *err;

		if (regexec(&regex, ids[i], 0, NULL, 0) != 0)
			continue;
		err = error_wrap(act(rt, data, ids[i]), "%s", ids[i]);
		if (err && last)
			report_error(last);
		if (err)
			error_free(last);
		last = err ? err : last;
	}
	regfree(&regex);
	return last;
}
