/* bulkhead-oci ps: the processes of a container, as ids or as ps(1) shows them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "runtime/commands.h"
#include "runtime/container.h"

#include "base/banned.h"

#define TABLE_BYTES_MAX (16 << 20)

struct ps_options {
	char *format;
};

static const struct option options[] = {
	OPTION(struct ps_options, format, "format", 'f', option_text,
	       "\"table\" or \"json\" (default \"table\")"),
	OPTION_END,
};

static void print_json(char *const *pids)
{
	fputs("[", stdout);
	for (size_t i = 0; pids && pids[i]; i++)
		printf("%s%s", i ? "," : "", pids[i]);
	puts("]");
}

static struct error *run_ps(char *const *arguments, struct buf *text)
{
	char **argv autostrv = NULL;
	int reader autoclose = -1, writer autoclose = -1, status = 0;
	struct proc_spawn spawn = { .path = "/bin/ps", .exec_fd = -1, .env = environ, .n_fds = 3 };
	pid_t pid;

	strv_add(&argv, "ps");
	for (size_t i = 0; arguments[i]; i++)
		strv_add(&argv, arguments[i]);
	if (!argv[1])
		strv_add(&argv, "-ef");
	TRY(fd_pipe(&reader, &writer));
	spawn.argv = argv;
	spawn.fds = (const int[]){ -1, writer, 2 };
	TRY(error_wrap(proc_start(&spawn, &pid), "ps"));
	fd_close(&writer);
	TRY(fd_read_all(reader, text));
	TRY(proc_wait(pid, &status));
	return proc_exit_status(status) == 0
		       ? NULL
		       : error_new(ERROR_SYSTEM, "ps: exit status %d", proc_exit_status(status));
}

/* Which word of ps's heading is "PID"; -1: none. */
static int find_column(const char *heading)
{
	char *copy autofree = alloc_string_n(heading, strcspn(heading, "\n"));
	char *save = NULL;
	int column = 0;

	for (char *word = strtok_r(copy, " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save), column++)
		if (strcmp(word, "PID") == 0)
			return column;
	return -1;
}

static bool is_ours(const char *line, int column, char *const *pids)
{
	char *copy autofree = alloc_string(line);
	char *save = NULL, *word = strtok_r(copy, " \t", &save);

	while (word && column-- > 0)
		word = strtok_r(NULL, " \t", &save);
	return word && strv_contains(pids, word);
}

static struct error *print_table(char *const *pids, char *const *arguments)
{
	struct buf text autobuf = BUF_MAX(TABLE_BYTES_MAX);
	char **lines autostrv = NULL;
	int column;

	TRY(run_ps(arguments, &text));
	lines = strv_split(buf_text(&text), '\n');
	column = lines[0] ? find_column(lines[0]) : -1;
	if (column < 0)
		return error_new(ERROR_BAD_INPUT, "ps shows no PID with these options");
	puts(lines[0]);
	for (size_t i = 1; lines[i]; i++)
		if (*lines[i] && is_ours(lines[i], column, pids))
			puts(lines[i]);
	return NULL;
}

static struct error *run(struct runtime *rt, void *data, char **arguments)
{
	const struct ps_options *o = data;
	struct container c autocontainer = CONTAINER_NONE;
	char **pids autostrv = NULL;

	TRY(container_look(rt, arguments[0], &c));
	if (o->format && !str_equal(o->format, "table") && !str_equal(o->format, "json"))
		return error_new(ERROR_BAD_INPUT, "invalid format option: %s", o->format);
	TRY(oci_processes(&c.state, &pids));
	if (!str_equal(o->format, "json"))
		return print_table(pids, arguments + 1);
	print_json(pids);
	return NULL;
}

const struct command cmd_ps = {
	.name = "ps",
	.arguments = "CONTAINER [PS-OPTION...]",
	.summary = "List the processes of a container",
	.details = "What follows the container's id is for ps(1); -ef where there is nothing.",
	.options = options,
	.options_size = sizeof(struct ps_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.stop_at_argument = true,
	.run = run,
};
