/* bulkhead-oci ps: the processes of a container, as ps(1) shows them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "runtime/commands.h"
#include "runtime/container.h"

#include "base/banned.h"

#define OUTPUT_BYTES_MAX (64 << 20)

struct ps_options {
	char *format;
};

static const struct option options[] = {
	OPTION(struct ps_options, format, "format", 'f', option_text,
	       "\"table\" or \"json\" (default \"table\")"),
	OPTION_END,
};

struct pid_list {
	pid_t *pids;
	size_t n;
};

static bool has(const struct pid_list *list, uint64_t pid)
{
	for (size_t i = 0; i < list->n; i++)
		if ((uint64_t)list->pids[i] == pid)
			return true;
	return false;
}

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print_json(const struct pid_list *list)
{
	putchar('[');
	for (size_t i = 0; i < list->n; i++)
		printf("%s%d", i ? "," : "", (int)list->pids[i]);
	puts("]");
}

/* The program by $PATH, as a shell finds it. */
static struct error *find_ps(char **ret)
{
	const char *path = getenv("PATH");
	char **dirs autostrv = strv_split(path ? path : "/usr/bin:/bin", ':');

	for (size_t i = 0; dirs[i]; i++) {
		char *one autofree = alloc_printf("%s/ps", dirs[i]);

		if (*dirs[i] == '/' && access(one, X_OK) == 0) {
			*ret = take(one);
			return NULL;
		}
	}
	return error_new(ERROR_UNSUPPORTED, "exec: \"ps\": executable file not found in $PATH");
}

static struct error *run_ps(char **arguments, struct buf *output)
{
	static const char *const usual[] = { "-ef", NULL };
	char **argv autostrv = NULL;
	char *program autofree = NULL;
	int ends[2], write_end autoclose = -1, read_end autoclose = -1, status;
	struct proc_spawn spawn = { .exec_fd = -1, .n_fds = 3 };
	struct error *err;
	pid_t pid;

	TRY(find_ps(&program));
	strv_add(&argv, "ps");
	for (const char *const *a = *arguments ? (const char *const *)arguments : usual; *a; a++)
		strv_add(&argv, *a);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys("pipe");
	read_end = ends[0];
	write_end = ends[1];
	spawn.path = program;
	spawn.argv = argv;
	spawn.env = environ;
	spawn.fds = (int[]){ STDIN_FILENO, write_end, STDERR_FILENO };
	TRY(proc_start(&spawn, &pid));
	fd_close(&write_end);
	err = fd_read_all(read_end, output);
	if (err)
		fd_close(&read_end); /* which ends it */
	error_ignore(proc_wait(pid, &status), "what it printed counts");
	return err;
}

/* The column of the title "PID"; words are apart by blanks. */
static struct error *find_column(const char *title, size_t *ret)
{
	char **words autostrv = strv_split(title, ' ');
	size_t column = 0;

	for (size_t i = 0; words[i]; i++) {
		if (strcmp(words[i], "PID") == 0) {
			*ret = column;
			return NULL;
		}
		column += *words[i] != '\0';
	}
	return error_new(ERROR_BAD_INPUT, "couldn't find PID field in ps output");
}

static bool is_ours(const char *line, size_t column, const struct pid_list *list)
{
	char **words autostrv = strv_split(line, ' ');
	size_t at = 0;

	for (size_t i = 0; words[i]; i++) {
		struct error *err;
		uint64_t pid;

		if (!*words[i] || at++ != column)
			continue;
		err = str_parse_u64(words[i], 1, INT32_MAX, &pid);
		if (!err)
			return has(list, pid);
		error_ignore(err, "a line of something else");
		return false;
	}
	return false;
}

static struct error *print_table(char **arguments, const struct pid_list *list)
{
	struct buf output autobuf = BUF_MAX(OUTPUT_BYTES_MAX);
	char **lines autostrv = NULL;
	size_t column = 0;

	TRY(run_ps(arguments, &output));
	lines = strv_split(buf_text(&output), '\n');
	TRY(find_column(lines[0], &column));
	puts(lines[0]);
	for (size_t i = 1; lines[i]; i++)
		if (is_ours(lines[i], column, list))
			puts(lines[i]);
	return NULL;
}

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	const struct ps_options *o = data;
	const char *format = o->format ? o->format : "table";
	struct container c autocontainer = CONTAINER_NONE;
	struct pid_list list = { 0 };
	struct error *err = NULL;

	if (strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
		return error_new(ERROR_BAD_INPUT, "invalid format option");
	TRY(container_look_brief(rt, arguments[0], &c));
	TRY(oci_processes(&c.state, &list.pids, &list.n));
	if (list.n)
		qsort(list.pids, list.n, sizeof(*list.pids), by_number);
	if (strcmp(format, "json") == 0)
		print_json(&list);
	else
		err = print_table(arguments + 1, &list);
	free(list.pids);
	return err;
}

const struct command cmd_ps = {
	.name = "ps",
	.arguments = "CONTAINER [PS-OPTION...]",
	.summary = "Show the processes of a container",
	.details = "The options of ps(1) are \"-ef\" where there are none.",
	.options = options,
	.options_size = sizeof(struct ps_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.stop_at_argument = true,
	.run = run,
};
