#include "unit/cli/fake_engine.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/session.h"

struct fake fake;

struct engine {
	int unused;
};
static struct engine the_engine;

static void set(char **field, char *text)
{
	free(*field);
	*field = text;
}

void fake_reset(void)
{
	for (size_t i = 0; i < fake.n_containers; i++)
		container_free(fake.containers[i]);
	for (size_t i = 0; i < fake.n_images; i++)
		image_free(fake.images[i]);
	free(fake.containers);
	free(fake.images);
	set(&fake.config, NULL);
	set(&fake.host, NULL);
	set(&fake.name, NULL);
	set(&fake.exec, NULL);
	set(&fake.logs, NULL);
	set(&fake.session, NULL);
	fake = (struct fake){ .exit_code = 0 };
}

/* Notes the call; fails it when the test wants so. */
static __attribute__((format(printf, 1, 2))) struct error *note(const char *format, ...)
{
	size_t used = strlen(fake.calls);
	char *call = fake.calls + used + (used > 0);
	va_list args;

	if (used)
		fake.calls[used++] = ' ';
	va_start(args, format);
	vsnprintf(fake.calls + used, sizeof(fake.calls) - used, format, args);
	va_end(args);
	if (!fake.fail || !str_has_prefix(call, fake.fail))
		return NULL;
	return error_set_status(error_new(fake.fail_kind, "%s fails", fake.fail), fake.fail_status);
}

struct error *engine_open(const char *root, const char *state, struct engine **ret)
{
	TRY(note("open:%s:%s", root, state));
	*ret = &the_engine;
	return NULL;
}

void engine_close(struct engine *e)
{
	(void)e;
}

struct image_store *engine_images(struct engine *e)
{
	return (struct image_store *)e;
}

struct error *engine_create(struct engine *e, const struct create_request *request,
			    char ret_id[ENGINE_ID_SIZE], char ***ret_warnings)
{
	(void)e;
	set(&fake.config, json_encode_text(&container_config_type, &request->config));
	set(&fake.host, json_encode_text(&host_config_type, &request->host));
	set(&fake.name, alloc_string(request->name));
	TRY(note("create"));
	memset(ret_id, 'a', ENGINE_ID_SIZE - 1);
	ret_id[ENGINE_ID_SIZE - 1] = '\0';
	strv_add(ret_warnings, "a warning");
	return NULL;
}

static struct error *give_socket(int *ret_socket)
{
	int pair[2];

	if (!ret_socket)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys("socketpair");
	close(pair[1]);
	*ret_socket = pair[0];
	return NULL;
}

struct error *engine_start(struct engine *e, const char *ref, struct terminal_size size,
			   int *ret_socket)
{
	(void)e;
	(void)size;
	TRY(note("start:%.4s:%s", ref, ret_socket ? "attached" : "detached"));
	return give_socket(ret_socket);
}

struct error *engine_attach(struct engine *e, const char *ref, int *ret_socket)
{
	(void)e;
	TRY(note("attach:%.4s", ref));
	return give_socket(ret_socket);
}

struct error *engine_ended(struct engine *e, const char *id)
{
	(void)e;
	return note("ended:%.4s", id);
}

static struct container *copy_container(const struct container *from)
{
	struct container *c = alloc_zeroed(1, sizeof(*c));
	json_t *config autojson = json_encode(&container_config_type, &from->config);
	json_t *host autojson = json_encode(&host_config_type, &from->host);

	*c = *from;
	c->name = alloc_string(from->name);
	c->image_id = alloc_string(from->image_id);
	c->argv = strv_copy(from->argv);
	c->error = NULL;
	c->mounts = NULL;
	c->n_mounts = 0;
	memset(&c->config, 0, sizeof(c->config));
	memset(&c->host, 0, sizeof(c->host));
	error_free(json_decode(&container_config_type, config, &c->config));
	error_free(json_decode(&host_config_type, host, &c->host));
	return c;
}

struct error *engine_find(struct engine *e, const char *ref, struct container **ret)
{
	(void)e;
	for (size_t i = 0; i < fake.n_containers; i++)
		if (strcmp(fake.containers[i]->name, ref) == 0 ||
		    str_has_prefix(fake.containers[i]->id, ref)) {
			*ret = copy_container(fake.containers[i]);
			return NULL;
		}
	return error_new(ERROR_NOT_FOUND, "no such container: %s", ref);
}

struct error *engine_list(struct engine *e, unsigned int flags, struct container ***ret,
			  size_t *ret_n)
{
	(void)e;
	*ret = alloc_zeroed(fake.n_containers + 1, sizeof(**ret));
	*ret_n = 0;
	for (size_t i = 0; i < fake.n_containers; i++)
		if ((flags & ENGINE_LIST_ALL) || fake.containers[i]->status == CONTAINER_RUNNING)
			(*ret)[(*ret_n)++] = copy_container(fake.containers[i]);
	return NULL;
}

struct error *engine_inspect(struct engine *e, const char *ref, bool with_size, json_t **ret)
{
	struct container *c autocontainer = NULL;

	TRY(engine_find(e, ref, &c));
	*ret = json_pack("{s:s, s:s, s:{s:b, s:i, s:n}, s:{s:{s:s}, s:[]}, s:{s:n}}", "Id", c->id,
			 "Name", c->name, "State", "Running", c->status == CONTAINER_RUNNING, "Pid",
			 (int)c->pid, "Health", "Config", "Labels", "a", "b", "Cmd", "HostConfig",
			 "CapAdd");
	if (with_size)
		json_object_set_new(*ret, "SizeRw", json_integer(5000));
	return NULL;
}

struct error *engine_kill(struct engine *e, const char *ref, int signal)
{
	(void)e;
	return note("kill:%s:%d", ref, signal);
}

struct error *engine_stop(struct engine *e, const char *ref, int signal, int timeout_s)
{
	(void)e;
	return note("stop:%s:%d:%d", ref, signal, timeout_s);
}

struct error *engine_wait(struct engine *e, const char *ref, int *ret_code)
{
	(void)e;
	*ret_code = fake.exit_code;
	return note("wait:%s", ref);
}

struct error *engine_remove(struct engine *e, const char *ref, bool force, bool volumes)
{
	(void)e;
	return note("remove:%s:%d:%d", ref, force, volumes);
}

struct error *engine_exec(struct engine *e, const char *ref, const struct exec_request *r,
			  int *ret_socket)
{
	char *env autofree = strv_join(r->env, " "), *argv autofree = strv_join(r->argv, " ");

	(void)e;
	set(&fake.exec, alloc_printf("%s|%s|%d,%d,%d,%d|%s|%s", r->user ? r->user : "-",
				     r->working_dir ? r->working_dir : "-", r->tty, r->stdin_open,
				     r->privileged, r->detach, env, argv));
	TRY(note("exec:%s", ref));
	if (!r->detach)
		return give_socket(ret_socket);
	*ret_socket = -1;
	return NULL;
}

struct error *engine_logs(struct engine *e, const char *ref, const struct log_request *r,
			  log_sink *sink, void *data)
{
	(void)e;
	set(&fake.logs, alloc_printf("%jd %jd %jd %d", (intmax_t)r->tail, (intmax_t)r->since_ns,
				     (intmax_t)r->until_ns, r->follow));
	TRY(note("logs:%s", ref));
	TRY(sink(data, 1, 1136214245000000000, "to stdout\n", 10));
	return sink(data, 2, 1136214246000000001, "to stderr\n", 10);
}

struct error *engine_export(struct engine *e, const char *ref, int out)
{
	(void)e;
	TRY(note("export:%s", ref));
	return fd_write_all(out, "tar", 3);
}

struct error *engine_commit(struct engine *e, const char *ref, const struct engine_commit *r,
			    char ret_id[DIGEST_SIZE])
{
	char *changes autofree = strv_join(r->changes, ";");

	(void)e;
	snprintf(ret_id, DIGEST_SIZE, "sha256:%064d", 8);
	return note("commit:%s:%s:%s:%s:%s:%d", ref, r->reference ? r->reference : "-",
		    r->author ? r->author : "-", r->message ? r->message : "-", changes, r->pause);
}

struct error *engine_info(struct engine *e, json_t **ret)
{
	(void)e;
	*ret = json_pack("{s:i, s:s, s:[s], s:[s], s:{}, s:s}", "NCPU", 2, "KernelVersion", "6.1",
			 "SecurityOptions", "name=seccomp", "Warnings", "WARNING: none", "Empty",
			 "None", "");
	return NULL;
}

json_t *engine_version(void)
{
	return json_pack("{s:s}", "Version", "1.2.3");
}

struct error *engine_image_remove(struct engine *e, const char *ref, bool force, char ***ret_lines)
{
	(void)e;
	TRY(note("rmi:%s:%d", ref, force));
	strv_addf(ret_lines, "Untagged: %s", ref);
	return NULL;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	strv_free(image->names);
	strv_free(image->digests);
	strv_free(image->config.labels);
	free(image->created);
	free(image);
}

static struct image *copy_image(const struct image *from)
{
	struct image *image = alloc_zeroed(1, sizeof(*image));

	memcpy(image->id, from->id, sizeof(image->id));
	image->names = strv_copy(from->names);
	image->digests = strv_copy(from->digests);
	image->config.labels = strv_copy(from->config.labels);
	image->created = alloc_string(from->created);
	image->size_bytes = from->size_bytes;
	return image;
}

struct error *image_find(struct image_store *store, const char *ref, struct image **ret)
{
	(void)store;
	for (size_t i = 0; i < fake.n_images; i++)
		if (strv_contains(fake.images[i]->names, ref)) {
			*ret = copy_image(fake.images[i]);
			return NULL;
		}
	return error_new(ERROR_NOT_FOUND, "no such image: %s", ref);
}

struct error *image_list(struct image_store *store, struct image ***ret, size_t *ret_n)
{
	(void)store;
	*ret = alloc_zeroed(fake.n_images + 1, sizeof(**ret));
	for (*ret_n = 0; *ret_n < fake.n_images; (*ret_n)++)
		(*ret)[*ret_n] = copy_image(fake.images[*ret_n]);
	return NULL;
}

struct error *image_inspect(struct image_store *store, const char *ref, json_t **ret)
{
	struct image *image autoimage = NULL;

	TRY(image_find(store, ref, &image));
	*ret = json_pack("{s:s}", "Id", image->id);
	return NULL;
}

struct error *image_load(struct image_store *store, int fd, const struct image_transfer *transfer)
{
	char byte;

	(void)store;
	TRY(note("load:%zd", read(fd, &byte, 1)));
	transfer->said(transfer->data, "Loading layer");
	transfer->said(transfer->data, "Loaded image: debian:latest");
	return NULL;
}

struct error *image_save(struct image_store *store, const struct image_save *what, int out)
{
	char *references autofree = strv_join(what->references, ",");

	(void)store;
	TRY(note("save:%s:%s:%d", references, what->platform ? what->platform : "-",
		 what->oci_layout));
	return fd_write_all(out, "tar", 3);
}

struct error *image_history(struct image_store *store, const char *ref, json_t **ret)
{
	(void)store;
	TRY(note("history:%s", ref));
	*ret = json_pack("[{s:s, s:i, s:s, s:i, s:s}, {s:s, s:i, s:s, s:i, s:s}]", "Id",
			 "sha256:0123456789abcdef", "Created", 1577934245, "CreatedBy",
			 "a command\tthat is longer than the column has place for", "Size", 1234,
			 "Comment", "c\033[31m", "Id", "<missing>", "Created", 0, "CreatedBy", "",
			 "Size", 0, "Comment", "");
	return NULL;
}

struct error *engine_image_prune(struct engine *e, const struct engine_image_prune *prune,
				 char ***ret_lines, uint64_t *ret_bytes)
{
	(void)e;
	TRY(note("prune:%d", prune->all));
	*ret_bytes = 0;
	for (size_t i = 0; i < fake.n_images; i++) {
		bool wanted;

		TRY(prune->test(prune->data, fake.images[i], &wanted));
		if (!wanted)
			continue;
		strv_addf(ret_lines, "Deleted: %s", fake.images[i]->id);
		*ret_bytes += 1500000;
	}
	return NULL;
}

struct error *engine_disk_usage(struct engine *e, json_t **ret)
{
	(void)e;
	*ret = json_pack("{s:I, s:[{s:s, s:[s], s:s, s:i, s:i, s:i}, {s:s, s:[], s:s, s:i, s:i,"
			 " s:i}], s:[{s:s, s:i}], s:[{s:s, s:{s:i, s:i}}, {s:s, s:{s:i, s:i}}]}",
			 "LayersSize", (json_int_t)10000000, "Images", "Id",
			 "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
			 "RepoTags", "debian:12", "Created", "2020-01-02T03:04:05Z", "Size",
			 6000000, "SharedSize", 2000000, "Containers", 1, "Id",
			 "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210",
			 "RepoTags", "Created", "", "Size", 4000000, "SharedSize", 2000000,
			 "Containers", 0, "Containers", "Id", "abc", "SizeRw", 5000, "Volumes",
			 "Name", "used", "UsageData", "Size", 3000, "RefCount", 2, "Name", "free",
			 "UsageData", "Size", 1000, "RefCount", 0);
	return NULL;
}

struct error *engine_image_verify(struct engine *e, const struct image_verify *what,
				  struct image_verified *ret)
{
	char *references autofree = strv_join(what->references, ",");

	(void)e;
	TRY(note("verify:%s:%d", references, what->fix));
	*ret = (struct image_verified){ .n_images = 1, .n_layers = 2, .n_blobs = 3 };
	if (fake.exit_code) {
		ret->n_damaged = 1;
		ret->n_healed = what->fix;
		what->said(what->data, "layer 0123: etc/passwd: other bytes");
	}
	return NULL;
}

struct error *image_import(struct image_store *store, int fd, const struct image_import *import,
			   char ret_id[DIGEST_SIZE])
{
	char *changes autofree = strv_join(import->changes, ";");

	(void)store;
	(void)fd;
	snprintf(ret_id, DIGEST_SIZE, "sha256:%064d", 7);
	return note("import:%s:%s:%s", import->reference ? import->reference : "-",
		    import->message ? import->message : "-", changes);
}

struct error *image_tag(struct image_store *store, const char *ref, const char *name)
{
	(void)store;
	return note("tag:%s:%s", ref, name);
}

struct error *engine_pull(struct engine *e, const char *ref, const struct image_transfer *transfer,
			  char *ret_id)
{
	struct image_event event = { "0123456789ab", "Downloading", 1000, 2000 };

	(void)e;
	(void)ret_id;
	TRY(note("pull:%s:%s:%d", ref, transfer->platform ? transfer->platform : "-",
		 transfer->all_tags));
	transfer->said(transfer->data, "latest: Pulling from library/x");
	transfer->watch(transfer->data, &event);
	event = (struct image_event){ "0123456789ab", "Pull complete", 0, 0 };
	transfer->watch(transfer->data, &event);
	return fake.n_images ? NULL : error_new(ERROR_NOT_FOUND, "manifest for %s not found", ref);
}

struct error *engine_push(struct engine *e, const char *ref, const struct image_transfer *transfer)
{
	(void)e;
	return note("push:%s:%d", ref, transfer->all_tags);
}

struct error *engine_remote_manifest(struct engine *e, const char *ref, bool referrers,
				     char **ret_text)
{
	(void)e;
	*ret_text = alloc_string("{\"a\": \"\\u001b[31m\"}");
	return note("manifest:%s:%d", ref, referrers);
}

struct error *engine_try_login(struct engine *e, const char *host, const char *user,
			       const char *secret)
{
	(void)e;
	return note("login:%s:%s:%s", host, user, secret);
}

struct error *image_is_for(const struct image *image, const char *platform, bool *ret)
{
	*ret = str_equal(image->architecture, platform);
	return NULL;
}

struct error *image_reference_split(const char *text, char **ret_host, char **ret_repository,
				    char **ret_rest)
{
	*ret_host = alloc_string("docker.io");
	*ret_repository = alloc_printf("library/%s", text);
	*ret_rest = alloc_string(":latest");
	return NULL;
}

struct error *session_run(int socket, const struct session *s, int *ret_status, bool *ret_detached)
{
	(void)socket;
	set(&fake.session, alloc_printf("%d,%d,%d,%s", s->tty, s->stdin_open, s->engine != NULL,
					s->detach_keys ? s->detach_keys : "-"));
	*ret_status = fake.detaches ? 0 : fake.exit_code;
	*ret_detached = fake.detaches;
	return note("session");
}

struct error *session_end(struct engine *e, const char *id, int socket)
{
	(void)socket;
	return engine_ended(e, id);
}

struct terminal_size session_terminal_size(void)
{
	return (struct terminal_size){ 0 };
}

struct error *session_check_tty(bool attach_stdin, bool tty)
{
	if (!attach_stdin || !tty || !fake.fail || strcmp(fake.fail, "tty") != 0)
		return NULL;
	return error_set_status(error_new(ERROR_BAD_INPUT, "the input device is not a TTY"), 1);
}

struct container *fake_add_container(const char *id, const char *name)
{
	struct container *c = alloc_zeroed(1, sizeof(*c));

	fake.containers = alloc_resize(fake.containers, fake.n_containers + 1, sizeof(c));
	fake.containers[fake.n_containers++] = c;
	snprintf(c->id, sizeof(c->id), "%.12s%052d", id, 0);
	c->name = alloc_string(name);
	c->config.image = alloc_string("debian");
	c->host.network_mode = alloc_string("none");
	strv_add(&c->argv, "true");
	return c;
}

struct image *fake_add_image(const char *id, const char *name)
{
	struct image *image = alloc_zeroed(1, sizeof(*image));

	fake.images = alloc_resize(fake.images, fake.n_images + 1, sizeof(image));
	fake.images[fake.n_images++] = image;
	snprintf(image->id, sizeof(image->id), "sha256:%.12s%052d", id, 0);
	if (name)
		strv_add(&image->names, name);
	image->created = alloc_string("2020-01-02T03:04:05Z");
	return image;
}

/* Sends a standard stream into memory; *ret_saved is the real one. */
static int redirect(int fd, int *ret_saved)
{
	int memory = memfd_create("stream", MFD_CLOEXEC);

	*ret_saved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	dup2(memory, fd);
	return memory;
}

static void restore(int fd, int saved, int memory, char *text, size_t size)
{
	ssize_t n = pread(memory, text, size - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	dup2(saved, fd);
	close(saved);
	close(memory);
}

void fake_run(struct result *r, const char *const *words)
{
	char **argv autostrv = strv_copy((char *const *)words);
	int out, err, saved_out, saved_err;

	fake.calls[0] = '\0';
	fflush(stdout);
	out = redirect(STDOUT_FILENO, &saved_out);
	err = redirect(STDERR_FILENO, &saved_err);
	r->status = cli_main(argv);
	fflush(stdout);
	fflush(stderr);
	restore(STDOUT_FILENO, saved_out, out, r->out, sizeof(r->out));
	restore(STDERR_FILENO, saved_err, err, r->err, sizeof(r->err));
}
