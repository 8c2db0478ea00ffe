/* bulkhead login, bulkhead logout */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/command.h"
#include "registry/registry.h"

#include "base/banned.h"

#define DOCKER_HOST "docker.io"
#define LINE_SIZE_MAX 8192

struct login_options {
	char *user, *password;
	bool password_stdin;
};

static const struct option options[] = {
	OPTION(struct login_options, password, "password", 'p', option_text,
	       "Password (seen by everybody in the list of processes)"),
	OPTION(struct login_options, password_stdin, "password-stdin", 0, option_bool,
	       "Take the password from stdin"),
	OPTION(struct login_options, user, "username", 'u', option_text, "Username"),
	OPTION_END,
};

/* A registry's host from what docker takes: "https://host/v1/" too. The caller frees. */
static char *host_of(const char *server)
{
	if (!server || strcmp(server, "https://index.docker.io/v1/") == 0 ||
	    strcmp(server, "index.docker.io") == 0)
		return alloc_string(DOCKER_HOST);
	if (str_has_prefix(server, "https://"))
		server += strlen("https://");
	else if (str_has_prefix(server, "http://"))
		server += strlen("http://");
	return alloc_string_n(server, strcspn(server, "/"));
}

/* ---- what the user types ---- */

/* One line of standard input without its end; the caller frees. */
static struct error *read_line(const char *what, char **ret)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n = getline(&line, &size, stdin);

	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		line[--n] = '\0';
	if (n <= 0 || n > LINE_SIZE_MAX) {
		free(line);
		return error_new(ERROR_BAD_INPUT, "%s: empty", what);
	}
	*ret = line;
	return NULL;
}

static struct error *ask_user(const char *host, char **ret)
{
	char *before autofree = NULL;
	struct error *err;

	if (!isatty(STDIN_FILENO))
		return error_new(ERROR_BAD_INPUT,
				 "cannot perform an interactive login from a non TTY device");
	error_ignore(registry_stored_user(host, &before), "it would only be the default");
	printf("Username%s%s%s: ", before ? " (" : "", before ? before : "", before ? ")" : "");
	fflush(stdout);
	err = read_line("username", ret);
	if (!err || !before)
		return err;
	error_free(err);
	*ret = take(before);
	return NULL;
}

/*
 * Without an echo; ended by a signal, the terminal has it back, for the line discipline undoes it.
 */
static struct error *ask_password(char **ret)
{
	struct termios before, silent;
	struct error *err;

	if (!isatty(STDIN_FILENO))
		return error_new(ERROR_BAD_INPUT,
				 "cannot perform an interactive login from a non TTY device");
	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return error_sys("ask the terminal");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	printf("Password: ");
	fflush(stdout);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0)
		return error_sys("silence the terminal");
	err = read_line("password", ret);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	putchar('\n');
	return err;
}

static struct error *read_password(char **ret)
{
	struct buf b autobuf = BUF_MAX(LINE_SIZE_MAX);
	char *text;

	TRY(error_wrap(fd_read_all(STDIN_FILENO, &b), "password from stdin"));
	text = buf_take(&b);
	text[strcspn(text, "\r\n")] = '\0';
	if (!*text) {
		free(text);
		return error_new(ERROR_BAD_INPUT, "password from stdin: empty");
	}
	*ret = text;
	return NULL;
}

static struct error *find_secret(const struct login_options *o, char **ret)
{
	if (o->password_stdin)
		return read_password(ret);
	if (!o->password)
		return ask_password(ret);
	fprintf(stderr,
		"WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
	*ret = alloc_string(o->password);
	return NULL;
}

/* ---- login ---- */

static void warn_plain(const char *path)
{
	fprintf(stderr,
		"WARNING! Your password is stored unencrypted in '%s'.\n"
		"A credential helper keeps it better: \"credsStore\" in that file names one.\n",
		path);
}

static struct error *log_in(struct engine *e, const char *host, const char *user,
			    const char *secret)
{
	char *plain autofree = NULL;

	TRY(error_wrap(engine_try_login(e, host, user, secret), "login to %s", host));
	TRY(registry_store_login(host, user, secret, &plain));
	if (plain)
		warn_plain(plain);
	puts("Login Succeeded");
	return NULL;
}

static struct error *login(struct cli *cli, void *data, char **arguments)
{
	const struct login_options *o = data;
	char *host autofree = host_of(arguments[0]), *user autofree = NULL, *secret = NULL;
	struct engine *e;
	struct error *err;

	if (o->password && o->password_stdin)
		return error_new(ERROR_BAD_INPUT,
				 "--password and --password-stdin are mutually exclusive");
	if (o->password_stdin && str_is_empty(o->user))
		return error_new(ERROR_BAD_INPUT, "Must provide --username with --password-stdin");
	if (!*host)
		return error_new(ERROR_BAD_INPUT, "\"%s\" names no registry", arguments[0]);
	if (o->user)
		user = alloc_string(o->user);
	else
		TRY(ask_user(host, &user));
	TRY(cli_engine(cli, &e));
	TRY(find_secret(o, &secret));
	err = log_in(e, host, user, secret);
	alloc_forget(&secret);
	return err;
}

const struct command cmd_login = {
	.name = "login",
	.arguments = "[SERVER]",
	.summary = "Log in to a registry",
	.options = options,
	.options_size = sizeof(struct login_options),
	.max_arguments = 1,
	.run = login,
};

/* ---- logout ---- */

static struct error *logout(struct cli *cli, void *data, char **arguments)
{
	char *host autofree = host_of(arguments[0]);
	bool was;

	(void)cli;
	(void)data;
	printf("Removing login credentials for %s\n", host);
	TRY(registry_erase_login(host, &was));
	if (!was)
		fprintf(stderr, "Not logged in to %s\n", host);
	return NULL;
}

static const struct option no_options[] = { OPTION_END };

const struct command cmd_logout = {
	.name = "logout",
	.arguments = "[SERVER]",
	.summary = "Log out from a registry",
	.options = no_options,
	.max_arguments = 1,
	.run = logout,
};
