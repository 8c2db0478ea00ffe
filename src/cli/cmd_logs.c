/* bulkhead logs */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/human.h"

#include "base/banned.h"

struct logs_options {
	bool details, follow, timestamps;
	char *since, *until, *tail;
};

static const struct option options[] = {
	OPTION(struct logs_options, details, "details", 0, option_bool,
	       "Show extra details provided to logs"),
	OPTION(struct logs_options, follow, "follow", 'f', option_bool, "Follow log output"),
	OPTION(struct logs_options, since, "since", 0, option_text,
	       "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
	OPTION(struct logs_options, tail, "tail", 'n', option_text,
	       "Number of lines to show from the end of the logs (default \"all\")"),
	OPTION(struct logs_options, timestamps, "timestamps", 't', option_bool, "Show timestamps"),
	OPTION(struct logs_options, until, "until", 0, option_text,
	       "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
	OPTION_END,
};

/* Each record goes to the stream it came from, as it was written. */
static struct error *print_record(void *data, int stream, int64_t time_ns, const char *text,
				  size_t length)
{
	const struct logs_options *o = data;
	FILE *out = stream == 2 ? stderr : stdout;

	if (o->timestamps) {
		char *time autofree = human_rfc3339(time_ns);

		fprintf(out, "%s ", time);
	}
	/*
	 * Docker's place for the labels and variables that its log options name: here always empty.
	 */
	if (o->details)
		fputc(' ', out);
	if (fwrite(text, 1, length, out) != length || (o->follow && fflush(out) != 0))
		return error_sys("write");
	return NULL;
}

/* Docker takes whatever is no number for "all". */
static int64_t parse_tail(const char *tail)
{
	int64_t n = -1;
	struct error *err = tail ? str_parse_i64(tail, 0, INT64_MAX, &n) : NULL;

	error_free(err);
	return err ? -1 : n;
}

static struct error *run(struct cli *cli, void *data, char **arguments)
{
	struct logs_options *o = data;
	struct log_request request = {
		.stdout_too = true,
		.stderr_too = true,
		.follow = o->follow,
		.timestamps = o->timestamps,
		.tail = parse_tail(o->tail),
	};
	struct engine *e;

	if (!str_is_empty(o->since))
		TRY(error_wrap(human_parse_time(o->since, &request.since_ns),
			       "invalid value for \"since\""));
	if (!str_is_empty(o->until))
		TRY(error_wrap(human_parse_time(o->until, &request.until_ns),
			       "invalid value for \"until\""));
	TRY(cli_engine(cli, &e));
	return engine_logs(e, arguments[0], &request, print_record, o);
}

const struct command cmd_logs = {
	.name = "logs",
	.arguments = "CONTAINER",
	.summary = "Fetch the logs of a container",
	.options = options,
	.options_size = sizeof(struct logs_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
