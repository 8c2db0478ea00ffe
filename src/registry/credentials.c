#include "registry/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"

#include "base/banned.h"

#define FILE_NAME "config.json"
#define FILE_MAX (4 << 20)
#define SECRET_MAX (32 << 10)
#define HELPER_PREFIX "docker-credential-"

/* What docker's client calls its own hub. */
#define DOCKER_HOST "docker.io"
#define DOCKER_KEY "https://index.docker.io/v1/"

/* What a helper says when it has nothing. */
#define HELPER_NOTHING "credentials not found in native keychain"

void credentials_done(struct credentials *c)
{
	free(c->user);
	alloc_forget(&c->secret);
	alloc_forget(&c->identity);
	c->user = NULL;
}

static const char *key_of(const char *host)
{
	return strcmp(host, DOCKER_HOST) == 0 ? DOCKER_KEY : host;
}

/* ---- the file ---- */

/* $DOCKER_CONFIG, or ~/.docker; NULL without a home. The caller frees. */
static char *directory_path(void)
{
	const char *own = getenv("DOCKER_CONFIG"), *home = getenv("HOME");

	if (own && *own)
		return alloc_string(own);
	return home && *home ? alloc_printf("%s/.docker", home) : NULL;
}

static struct error *read_file(json_t **ret)
{
	char *directory autofree = directory_path(), *path autofree = NULL;
	struct buf text autobuf = BUF_MAX(FILE_MAX);
	int fd autoclose = -1;
	struct error *err;

	*ret = NULL;
	if (directory) {
		path = alloc_printf("%s/" FILE_NAME, directory);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0) {
		if (path && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			return error_sys("open %s", path);
		*ret = json_object();
		return NULL;
	}
	TRY(error_wrap(fd_read_all(fd, &text), "%s", path));
	err = json_parse(buf_text(&text), text.length, ret);
	if (!err && !json_is_object(*ret)) {
		json_decref(*ret);
		*ret = NULL;
		err = error_new(ERROR_BAD_INPUT, "not an object");
	}
	return error_wrap(err, "%s", path);
}

static struct error *write_file(const json_t *document, char **ret_path)
{
	char *directory autofree = directory_path();
	char *text;
	int dir autoclose = -1;
	struct error *err;

	if (!directory)
		return error_new(ERROR_SYSTEM,
				 "no home directory to keep the login in: HOME is not "
				 "set");
	TRY(path_make_dirs(directory, 0700, &dir));
	text = json_dumps(document, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	if (!text)
		return error_new(ERROR_SYSTEM, "write %s", FILE_NAME);
	err = path_replace(dir, FILE_NAME, text, strlen(text), 0600, true);
	alloc_forget(&text);
	TRY(err);
	*ret_path = alloc_printf("%s/" FILE_NAME, directory);
	return NULL;
}

/* docker's own clients of old wrote "https://host/v1/" and the like for a key. */
static bool is_key_for(const char *key, const char *host)
{
	size_t length;

	if (strcmp(key, key_of(host)) == 0)
		return true;
	if (str_has_prefix(key, "https://"))
		key += strlen("https://");
	else if (str_has_prefix(key, "http://"))
		key += strlen("http://");
	length = strcspn(key, "/");
	return strlen(host) == length && strncmp(key, host, length) == 0;
}

static json_t *find_entry(const json_t *document, const char *host)
{
	json_t *auths = json_object_get(document, "auths"), *entry;
	const char *key;

	entry = json_object_get(auths, key_of(host));
	if (entry)
		return entry;
	json_object_foreach(auths, key, entry)
		if (is_key_for(key, host))
			return entry;
	return NULL;
}

/* base64 of "user:secret". */
static struct error *split_auth(const char *auth, struct credentials *ret)
{
	struct buf b autobuf = BUF_MAX(SECRET_MAX);
	struct error *err = base64_decode(&b, auth);
	const char *text = buf_text(&b), *colon = strchr(text, ':');

	if (!err && (!colon || strlen(text) != b.length))
		err = error_new(ERROR_BAD_INPUT, "not base64 of a user and a password");
	if (!err) {
		ret->user = alloc_string_n(text, (size_t)(colon - text));
		ret->secret = alloc_string(colon + 1);
	}
	if (b.data)
		explicit_bzero(b.data, b.size);
	return err;
}

static struct error *read_entry(const json_t *entry, const char *host, struct credentials *ret)
{
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	const char *identity = json_string_value(json_object_get(entry, "identitytoken"));

	if (auth && *auth)
		TRY(error_wrap(split_auth(auth, ret), FILE_NAME ": auths of %s", host));
	if (identity && *identity)
		ret->identity = alloc_string(identity);
	return NULL;
}

/* ---- helpers ---- */

/* The helper that is to be asked about @host, or NULL. */
static const char *helper_of(const json_t *document, const char *host)
{
	const json_t *own = json_object_get(json_object_get(document, "credHelpers"), key_of(host));
	const char *name = json_string_value(own);

	if (!name)
		name = json_string_value(json_object_get(document, "credsStore"));
	return name && *name ? name : NULL;
}

/* The path of the program @name by PATH; the caller frees. */
static struct error *find_program(const char *name, char **ret)
{
	const char *path = getenv("PATH");

	for (const char *p = path ? path : ""; *p;) {
		size_t length = strcspn(p, ":");
		char *candidate autofree = alloc_printf("%.*s/%s", (int)length, p, name);

		if (*p == '/' && access(candidate, X_OK) == 0) {
			*ret = take(candidate);
			return NULL;
		}
		p += length + (p[length] == ':');
	}
	return error_new(ERROR_NOT_FOUND, "no program %s in PATH", name);
}

/* Gives @input to the started program and takes what it writes. Closes @to. */
static struct error *talk(int to, int from, const char *input, struct buf *output)
{
	struct error *err = fd_write_quietly(to, input, strlen(input));

	if (err && error_errno(err) == EPIPE) { /* it has ended, and said why */
		error_free(err);
		err = NULL;
	}
	fd_close(&to);
	return err ? err : fd_read_all(from, output);
}

/* Runs `docker-credential-NAME ACTION` with @input. *@ret_failed: it says no, by @output. */
static struct error *run_helper(const char *name, const char *action, const char *input,
				struct buf *output, bool *ret_failed)
{
	char *program autofree = alloc_printf(HELPER_PREFIX "%s", name), *path autofree = NULL;
	char *argv[] = { program, (char *)action, NULL };
	int to_read autoclose = -1, to_write autoclose = -1;
	int from_read autoclose = -1, from_write autoclose = -1;
	int fds[3], status = 0;
	struct proc_spawn spawn = {
		.exec_fd = -1, .argv = argv, .env = environ, .fds = fds, .n_fds = 3
	};
	struct error *err;
	pid_t pid;

	if (!path_is_name(program))
		return error_new(ERROR_BAD_INPUT, FILE_NAME ": \"%s\" is no credential helper",
				 name);
	TRY(find_program(program, &path));
	TRY(fd_pipe(&to_read, &to_write));
	TRY(fd_pipe(&from_read, &from_write));
	spawn.path = path;
	fds[0] = to_read;
	fds[1] = from_write;
	fds[2] = STDERR_FILENO;
	TRY(error_wrap(proc_start(&spawn, &pid), "%s", program));
	fd_close(&to_read);
	fd_close(&from_write);
	err = talk(fd_take(&to_write), from_read, input, output);
	error_ignore(proc_wait(pid, &status), "what it said is what counts");
	TRY(error_wrap(err, "%s", program));
	*ret_failed = status != 0;
	return NULL;
}

static struct error *helper_problem(const char *name, const struct buf *output)
{
	return error_new(ERROR_SYSTEM, HELPER_PREFIX "%s: %.500s", name, buf_text(output));
}

static bool says_nothing(const struct buf *output)
{
	return str_has_prefix(buf_text(output), HELPER_NOTHING);
}

static struct error *read_helper_answer(const char *name, const struct buf *output,
					struct credentials *ret)
{
	json_t *answer autojson = NULL;
	const char *user, *secret;

	TRY(error_wrap(json_parse(buf_text(output), output->length, &answer), HELPER_PREFIX "%s",
		       name));
	user = json_string_value(json_object_get(answer, "Username"));
	secret = json_string_value(json_object_get(answer, "Secret"));
	if (!user || !secret)
		return error_new(ERROR_BAD_INPUT, HELPER_PREFIX "%s: an answer without a user",
				 name);
	if (strcmp(user, "<token>") == 0) { /* the helpers' protocol */
		ret->identity = alloc_string(secret);
		return NULL;
	}
	ret->user = alloc_string(user);
	ret->secret = alloc_string(secret);
	return NULL;
}

static struct error *ask_helper(const char *name, const char *host, struct credentials *ret)
{
	struct buf output autobuf = BUF_MAX(SECRET_MAX);
	struct error *err = NULL;
	bool failed;

	TRY(run_helper(name, "get", key_of(host), &output, &failed));
	if (!failed)
		err = read_helper_answer(name, &output, ret);
	else if (!says_nothing(&output))
		err = helper_problem(name, &output);
	if (output.data)
		explicit_bzero(output.data, output.size);
	return err;
}

struct error *credentials_find(const char *host, struct credentials *ret)
{
	json_t *document autojson = NULL;
	const char *helper;
	json_t *entry;

	TRY(read_file(&document));
	helper = helper_of(document, host);
	if (helper)
		return ask_helper(helper, host, ret);
	entry = find_entry(document, host);
	return entry ? read_entry(entry, host, ret) : NULL;
}

struct error *registry_stored_user(const char *host, char **ret)
{
	struct credentials c autocredentials = { 0 };

	TRY(credentials_find(host, &c));
	*ret = take(c.user);
	return NULL;
}

/* ---- login and logout ---- */

static json_t *auths_of(json_t *document)
{
	json_t *auths = json_object_get(document, "auths");

	if (!json_is_object(auths)) {
		auths = json_object();
		json_object_set_new(document, "auths", auths);
	}
	return auths;
}

static struct error *encode_auth(const char *user, const char *secret, json_t **ret)
{
	char *pair = alloc_printf("%s:%s", user, secret);
	struct buf b autobuf = BUF_MAX(2 * SECRET_MAX);
	struct error *err = base64_encode(&b, pair, strlen(pair));

	alloc_forget(&pair);
	if (!err)
		*ret = json_pack("{s:s}", "auth", buf_text(&b));
	if (b.data)
		explicit_bzero(b.data, b.size);
	return err;
}

static struct error *tell_helper(const char *name, const char *host, const char *user,
				 const char *secret)
{
	struct buf output autobuf = BUF_MAX(SECRET_MAX);
	json_t *document autojson = json_pack("{s:s,s:s,s:s}", "ServerURL", key_of(host),
					      "Username", user, "Secret", secret);
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	struct error *err;
	bool failed;

	if (!text)
		return error_new(ERROR_BAD_INPUT, "the user or the password is not UTF-8");
	err = run_helper(name, "store", text, &output, &failed);
	alloc_forget(&text);
	TRY(err);
	return failed ? helper_problem(name, &output) : NULL;
}

struct error *registry_store_login(const char *host, const char *user, const char *secret,
				   char **ret_plain)
{
	json_t *document autojson = NULL, *entry = NULL;
	const char *helper;
	char *path autofree = NULL;

	*ret_plain = NULL;
	TRY(read_file(&document));
	helper = helper_of(document, host);
	if (helper)
		TRY(tell_helper(helper, host, user, secret));
	else
		TRY(encode_auth(user, secret, &entry));
	/*
	 * With a helper docker's client leaves an empty entry, by which it knows that there is one.
	 */
	json_object_set_new(auths_of(document), key_of(host), entry ? entry : json_object());
	TRY(write_file(document, &path));
	if (!helper)
		*ret_plain = take(path);
	return NULL;
}

static struct error *erase_by_helper(const char *name, const char *host)
{
	struct buf output autobuf = BUF_MAX(SECRET_MAX);
	bool failed;

	TRY(run_helper(name, "erase", key_of(host), &output, &failed));
	return failed && !says_nothing(&output) ? helper_problem(name, &output) : NULL;
}

struct error *registry_erase_login(const char *host, bool *ret_was)
{
	json_t *document autojson = NULL, *auths;
	char *path autofree = NULL;
	const char *helper, *key;
	json_t *entry;
	void *next;

	*ret_was = false;
	TRY(read_file(&document));
	helper = helper_of(document, host);
	auths = json_object_get(document, "auths");
	json_object_foreach_safe(auths, next, key, entry) {
		if (!is_key_for(key, host))
			continue;
		*ret_was = true;
		json_object_del(auths, key);
	}
	if (helper)
		TRY(erase_by_helper(helper, host));
	return *ret_was ? write_file(document, &path) : NULL;
}
