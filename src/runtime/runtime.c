/*
 * From the command line to a command: global options, the command's name, its options and
 * arguments, its exit status. Every error ends here as a line for the caller.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "runtime/command.h"
#include "runtime/report.h"

#include "base/banned.h"

#define DEFAULT_ROOT "/run/bulkhead-oci"

const struct option runtime_options[] = {
	OPTION(struct runtime, root, "root", 0, option_text,
	       "Directory of the containers' run-time state (default \"" DEFAULT_ROOT
	       "\", or below $XDG_RUNTIME_DIR for users)"),
	OPTION(struct runtime, log, "log", 0, option_text,
	       "File that errors and warnings are appended to (default: stderr)"),
	OPTION(struct runtime, log_format, "log-format", 0, option_text,
	       "Form of these lines: \"text\" or \"json\" (default \"text\")"),
	OPTION(struct runtime, log_level, "log-level", 0, option_text,
	       "Least level that is told: \"error\", \"warning\" … (default \"warning\")"),
	OPTION(struct runtime, debug, "debug", 0, option_bool,
	       "Trace what is done, where the log goes"),
	OPTION(struct runtime, systemd_cgroup, "systemd-cgroup", 0, option_bool,
	       "Have systemd make the groups: linux.cgroupsPath is \"slice:prefix:name\""),
	OPTION(struct runtime, cgroup_manager, "cgroup-manager", 0, option_text,
	       "Who makes the groups: \"cgroupfs\" or \"systemd\""),
	OPTION(struct runtime, rootless, "rootless", 0, option_text,
	       "Taken for compatibility: what the caller may is asked of the kernel"),
	OPTION_ALIAS(struct runtime, criu, "criu", 0, option_text), /* older shims give it */
	OPTION(struct runtime, version, "version", 'v', option_bool, "Print the version and quit"),
	OPTION_END,
};

/* /run/bulkhead-oci, or the user's own. */
static struct error *choose_root(struct runtime *rt)
{
	const char *run = getenv("XDG_RUNTIME_DIR");

	if (!str_is_empty(rt->root))
		return NULL;
	free(rt->root);
	rt->root = NULL;
	if (geteuid() == 0 || str_is_empty(run))
		rt->root = alloc_string(DEFAULT_ROOT);
	else
		rt->root = alloc_printf("%s/bulkhead-oci", run);
	return NULL;
}

struct error *runtime_root(struct runtime *rt, int *ret_dir)
{
	char *cwd = NULL;

	if (rt->root_dir < 0) {
		TRY(choose_root(rt));
		if (*rt->root != '/') {
			char *absolute;

			cwd = getcwd(NULL, 0);
			absolute = alloc_printf("%s/%s", cwd ? cwd : "", rt->root);
			free(cwd);
			free(rt->root);
			rt->root = absolute;
		}
		TRY(error_wrap(path_make_dirs(rt->root, 0700, &rt->root_dir), "--root"));
	}
	*ret_dir = rt->root_dir;
	return NULL;
}

struct error *runtime_cache(struct runtime *rt, int *ret_dir)
{
	int root;

	TRY(runtime_root(rt, &root));
	return path_open_dir(root, RUNTIME_CACHE_NAME, 0700, ret_dir);
}

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

/* In runc's words. */
static struct error *check_count(const struct command *c, size_t n)
{
	const char *what = NULL;
	int wanted = c->min_arguments;

	if (c->min_arguments == c->max_arguments)
		what = n == (size_t)wanted ? NULL : "exactly";
	else if (n < (size_t)wanted)
		what = "a minimum of";
	if (!what && c->max_arguments >= 0 && n > (size_t)c->max_arguments) {
		what = "a maximum of";
		wanted = c->max_arguments;
	}
	return what ? error_new(ERROR_BAD_INPUT, "bulkhead-oci: \"%s\" requires %s %d argument(s)",
				c->name, what, wanted)
		    : NULL;
}

static struct error *run_parsed(struct runtime *rt, const struct command *c, void *options,
				struct option_parse *p)
{
	if (p->help) {
		help_print(c);
		return NULL;
	}
	TRY(check_count(c, strv_length(p->arguments)));
	TRY(c->run(rt, options, p->arguments));
	return fflush(stdout) == 0 ? NULL : error_sys("write to stdout");
}

static struct error *run_command(struct runtime *rt, char **argv)
{
	const struct command *c = command_find(rt->name);
	void *options autofree = NULL;
	struct option_parse p = { 0 };
	struct error *err;

	if (!c)
		return error_new(ERROR_BAD_INPUT, "no such command: %s", rt->name);
	if (c->is_raw)
		return c->run(rt, NULL, argv);
	options = alloc_zeroed(1, c->options_size ? c->options_size : 1);
	if (c->defaults)
		memcpy(options, c->defaults, c->options_size);
	p = (struct option_parse){
		.tables = { c->options, c->shared },
		.targets = { options, options },
		.stop_at_argument = c->stop_at_argument,
	};
	err = option_parse(&p, argv);
	err = err ? error_wrap(err, "%s", c->name) : run_parsed(rt, c, options, &p);
	free(p.arguments);
	option_done(c->options, options);
	option_done(c->shared, options);
	return err;
}

static struct error *check_manager(struct runtime *rt)
{
	if (str_is_empty(rt->cgroup_manager))
		return NULL;
	rt->systemd_cgroup = strcmp(rt->cgroup_manager, "systemd") == 0;
	if (rt->systemd_cgroup || strcmp(rt->cgroup_manager, "cgroupfs") == 0)
		return NULL;
	return error_new(ERROR_BAD_INPUT, "unknown cgroup manager: %s", rt->cgroup_manager);
}

static struct error *run(struct runtime *rt, struct option_parse *p)
{
	log_setup("bulkhead-oci", rt->debug);
	TRY(report_open(rt->log, rt->log_format ? rt->log_format : "text",
			rt->log_level ? rt->log_level : "warning"));
	log_divert(report_debug);
	TRY(check_manager(rt));
	if (rt->version) {
		help_print_version();
		return NULL;
	}
	rt->name = p->arguments[0];
	if (p->help || !rt->name) {
		help_print(NULL);
		return NULL;
	}
	return run_command(rt, p->arguments + 1);
}

int runtime_main(char **argv)
{
	struct runtime rt = { .root_dir = -1 };
	struct option_parse p = {
		.tables = { runtime_options },
		.targets = { &rt },
		.stop_at_argument = true,
	};
	struct error *err;
	int status;

	signal(SIGPIPE, SIG_IGN);
	err = option_parse(&p, argv);
	if (!err)
		err = run(&rt, &p);
	status = err ? (error_status(err) == COMMAND_STATUS_EXEC ? COMMAND_STATUS_EXEC : 1)
		     : rt.status;
	if (err)
		report_error(err);
	error_free(err);
	fd_close(&rt.root_dir);
	option_done(runtime_options, &rt);
	free(p.arguments);
	return status;
}
