/* What is made of a container's files: an archive (export), an image (commit). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/strv.h"
#include "engine/alive.h"
#include "engine/events.h"
#include "engine/record.h"
#include "oci/oci.h"

#include "base/banned.h"

/* The upper directory of @c's overlay; of one that was never started it is made, empty. */
static struct error *open_upper(struct engine *e, const struct container *c, int *ret_fd)
{
	int containers, dir autoclose = -1;

	TRY(handle_dir(e, HANDLE_CONTAINERS, &containers));
	TRY(path_open_dir(containers, c->id, 0, &dir));
	return path_open_dir(dir, "diff", 0755, ret_fd);
}

/* What was being removed while it was read is not whole. */
static struct error *check_still_there(struct engine *e, const struct container *c)
{
	struct container *after autocontainer = NULL;

	TRY(record_load(e, c->id, RECORD_BRIEF, &after));
	if (after->status == CONTAINER_DEAD)
		return error_new(ERROR_CONFLICT, "it was removed meanwhile");
	return NULL;
}

static struct error *export(struct engine *e, const struct container *c, int out)
{
	struct image *image autoimage = NULL;
	int upper autoclose = -1;

	TRY(image_find(engine_images(e), c->image_id, &image));
	TRY(open_upper(e, c, &upper));
	TRY(image_export(engine_images(e), image, upper, out));
	TRY(check_still_there(e, c));
	events_container(e, "export", c, NULL);
	return NULL;
}

struct error *engine_export(struct engine *e, const char *ref, int out)
{
	struct container *c autocontainer = NULL;

	TRY(alive_find(e, ref, true, &c));
	return error_wrap(export(e, c, out), "export container %s", ref);
}

/* ---- pausing ---- */

/*
 * A container that is paused for a commit must go on even if the commit is killed: a process in a
 * session of its own waits for the end of the pipe, which comes with our end in any case.
 */
struct paused {
	pid_t waker; /* 0: nothing was paused */
	int pipe;
};

static void wake(const struct oci_state *state, int pipe)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	char byte;

	setsid();
	sigaction(SIGINT, &ignore, NULL);
	sigaction(SIGTERM, &ignore, NULL);
	sigaction(SIGHUP, &ignore, NULL);
	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
	error_ignore(oci_freeze(state, false), "it has ended meanwhile");
	_exit(0);
}

static struct error *start_waker(struct paused *p, const struct oci_state *state)
{
	int read_end autoclose = -1;

	TRY(fd_pipe(&read_end, &p->pipe));
	p->waker = fork();
	if (p->waker < 0) {
		p->waker = 0;
		return error_sys("start a process");
	}
	if (p->waker == 0) {
		fd_close(&p->pipe);
		wake(state, read_end);
	}
	return NULL;
}

static struct error *pause_it(struct engine *e, const struct container *c, struct paused *p)
{
	struct oci_state state = { 0 };
	int state_dir autoclose = -1;
	struct error *err;
	enum alive alive;

	TRY(alive_probe(e, c->id, &alive, &state_dir));
	if (alive != ALIVE_RUNS)
		return NULL;
	TRY(oci_state_load(state_dir, &state));
	err = oci_is_frozen(&state) ? NULL : start_waker(p, &state);
	if (!err && p->waker)
		err = oci_freeze(&state, true);
	oci_state_done(&state);
	return err;
}

static void paused_done(struct paused *p)
{
	int status;

	fd_close(&p->pipe);
	if (p->waker)
		error_ignore(proc_wait(p->waker, &status), "it has no result");
}
#define autopaused __attribute__((cleanup(paused_done)))

/* ---- committing ---- */

static struct image_config config_of(const struct container_config *c)
{
	return (struct image_config){
		.user = c->user,
		.working_dir = c->working_dir,
		.stop_signal = c->stop_signal,
		.env = c->env,
		.entrypoint = c->entrypoint,
		.cmd = c->cmd,
		.exposed_ports = c->exposed_ports,
		.volumes = c->volumes,
		.labels = c->labels,
	};
}

static struct error *commit(struct engine *e, const struct container *c,
			    const struct engine_commit *request, char ret_id[DIGEST_SIZE])
{
	const struct image_config config = config_of(&c->config);
	char *command autofree = strv_join(c->argv, " ");
	const struct image_commit commit = {
		.reference = request->reference,
		.author = request->author,
		.message = request->message,
		.changes = request->changes,
		.command = command,
		.config = &config,
	};
	struct paused paused autopaused = { .pipe = -1 };
	int upper autoclose = -1;

	TRY(open_upper(e, c, &upper));
	if (request->pause)
		TRY(error_wrap(pause_it(e, c, &paused), "pause it"));
	TRY(image_commit(engine_images(e), c->image_id, upper, &commit, ret_id));
	return check_still_there(e, c);
}

struct error *engine_commit(struct engine *e, const char *ref, const struct engine_commit *request,
			    char ret_id[DIGEST_SIZE])
{
	struct container *c autocontainer = NULL;

	TRY(alive_find(e, ref, true, &c));
	TRY(error_wrap(commit(e, c, request, ret_id), "commit container %s", ref));
	events_container(e, "commit", c,
			 (const char *[]){ "comment", request->message ? request->message : "",
					   "imageID", ret_id, "imageRef",
					   request->reference ? request->reference : "", NULL });
	return NULL;
}
