/* The last steps of the child: names, network, sysctl, working directory, and the program. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "config/config.h"
#include "oci/setup.h"

#include "base/banned.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct error *step_names(struct setup *s)
{
	const struct oci_spec *spec = s->spec;

	/* A bundle may name what it joins, too; config_check() wants a namespace for it. */
	if (!(spec->new_namespaces & CLONE_NEWUTS) && !spec->bundle)
		return NULL;
	if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return error_sys("set the host name %s", spec->hostname);
	if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return error_sys("set the domain name %s", spec->domainname);
	return NULL;
}

/* A new network namespace has its loopback down; everybody expects it up. */
struct error *step_network(struct setup *s)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd autoclose = -1;

	if (!(s->spec->new_namespaces & CLONE_NEWNET))
		return NULL;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_sys("bring up the loopback");
	return NULL;
}

struct error *step_sysctl(struct setup *s)
{
	char *const *list = s->spec->sysctls;

	for (size_t i = 0; list && list[i]; i += 2) {
		char *path autofree = alloc_printf("proc/sys/%s", list[i]);
		int fd autoclose = -1;

		for (char *c = path; *c && !s->spec->bundle; c++) /* whose keys are paths */
			if (*c == '.')
				*c = '/';
		TRY(error_wrap(path_open_on_proc(s->root_dir, path, O_WRONLY, &fd), "sysctl %s",
			       list[i]));
		TRY(error_wrap(fd_write_all(fd, list[i + 1], strlen(list[i + 1])), "sysctl %s=%s",
			       list[i], list[i + 1]));
	}
	return NULL;
}

/* A working directory that the image lacks is made, as docker does, inside the root. */
struct error *step_make_cwd(struct setup *s)
{
	int dir autoclose = -1;

	if (!s->spec->process.cwd)
		return NULL;
	return error_wrap(path_make_dirs_in_root(s->root_dir, s->spec->process.cwd, 0755, (uid_t)-1,
						 (gid_t)-1, &dir),
			  "working directory");
}

/*
 * While all may be entered that the container's root may: a bundle's working directory need not be
 * open to its user, images have /root and another user. What fails is tried again by him.
 */
struct error *step_enter_cwd(struct setup *s)
{
	s->in_cwd = chdir(s->spec->process.cwd ? s->spec->process.cwd : "/") == 0;
	return NULL;
}

/*
 * Enters the working directory; one that leads out of the root shows in getcwd(2) as unreachable.
 */
struct error *step_cwd(struct setup *s)
{
	const char *cwd = s->spec->process.cwd ? s->spec->process.cwd : "/";
	char *quoted autofree = str_quote(cwd);
	char real[PATH_MAX];

	if (chdir(cwd) < 0 && !(s->in_cwd && errno == EACCES))
		return error_set_status(error_sys("change to the working directory %s", quoted),
					126);
	if (!getcwd(real, sizeof(real)) || real[0] != '/')
		return error_set_status(
			error_new(ERROR_REFUSED,
				  "the working directory %s is outside of the container", quoted),
			126);
	return NULL;
}

/* The kernel's reason as Go words it: engines above a runtime look for "permission denied". */
static struct error *reason(const char *what, int number)
{
	char text[64];

	snprintf(text, sizeof(text), "%s", strerrordesc_np(number));
	text[0] = (char)tolower((unsigned char)text[0]);
	return error_new(ERROR_SYSTEM, "%s: %s", what, text);
}

/* Docker's words and statuses for a program that cannot be executed. */
static struct error *not_executed(const struct setup *s, const char *program, int number)
{
	char *quoted autofree = str_quote(program), *what autofree = NULL;

	if (number == ENOENT && !strchr(program, '/'))
		return error_set_status(error_new(ERROR_NOT_FOUND,
						  "exec: %s: executable file not found in $PATH",
						  quoted),
					127);
	what = alloc_printf("exec: %s", quoted);
	return error_set_status(s->spec->bundle ? reason(what, number)
						: error_number(number, "%s", what),
				number == ENOENT || number == ENOTDIR ? 127 : 126);
}

/*
 * Whether the file can be executed by who we are now: 0, or why not. A directory is EACCES, as
 * execve(2) has it, and as engines above a runtime know it.
 */
static int check_program(const char *file)
{
	struct stat st;

	if (stat(file, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

struct error *step_find_program(struct setup *s)
{
	const char *program = s->spec->process.argv[0];
	const char *path = strv_env_get(s->spec->process.env, "PATH");
	char **dirs autostrv = strv_split(path ? path : DEFAULT_PATH, ':');
	int number = ENOENT;

	if (strchr(program, '/')) {
		number = check_program(program);
		s->program = alloc_string(program);
		return number ? not_executed(s, program, number) : NULL;
	}
	for (size_t i = 0; dirs[i]; i++) {
		char *file autofree = alloc_printf("%s/%s", *dirs[i] ? dirs[i] : ".", program);
		int why = check_program(file);

		if (!why) {
			s->program = take(file);
			return NULL;
		}
		if (why != ENOENT && why != ENOTDIR)
			number = why;
	}
	return not_executed(s, program, number);
}

/*
 * Like execvpe(3) with the container's own PATH: the first that can be executed; a forbidden one is
 * remembered.
 */
static int execute_by_path(char *const *argv, char *const *env)
{
	const char *path = strv_env_get(env, "PATH");
	char **dirs autostrv = strv_split(path ? path : DEFAULT_PATH, ':');
	int number = ENOENT;

	for (size_t i = 0; dirs[i]; i++) {
		char *file autofree = alloc_printf("%s/%s", *dirs[i] ? dirs[i] : ".", argv[0]);
		struct stat st;

		if (stat(file, &st) == 0 && S_ISDIR(st.st_mode))
			continue;
		execve(file, argv, env);
		if (errno != ENOENT && errno != ENOTDIR)
			number = errno;
		if (number == ENOEXEC || number == ELIBBAD)
			break;
	}
	return number;
}

static void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP)
			signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* An empty HOME is none, as with docker and runc. */
char **setup_environment(const struct setup *s)
{
	char **env = strv_copy(s->spec->process.env);
	char *home autofree = alloc_printf("HOME=%s", s->user.home);

	if (str_is_empty(strv_env_get(env, "HOME")))
		strv_env_set(&env, home);
	return env;
}

/*
 * What SELinux wants beside a transition that its policy allows: where no_new_privs is set it says
 * EPERM without nnp_transition, on a mount with nosuid EACCES without nosuid_transition (the
 * kernel's check_nnp_nosuid()). NULL where the label has no part in it.
 */
static const char *why_no_transition(const struct oci_process *p, const char *program, int number)
{
	struct statvfs fs;

	if (!p->config || str_is_empty(p->config->selinux_label))
		return NULL;
	if (number == EPERM && p->config->no_new_privileges)
		return "the policy forbids this process.selinuxLabel with noNewPrivileges";
	if (number == EACCES && statvfs(program, &fs) == 0 && fs.f_flag & ST_NOSUID)
		return "the policy may forbid this process.selinuxLabel on a nosuid mount";
	return NULL;
}

/*
 * What execve(2) says of a program that was found, in runc's words: of its interpreter, or its
 * form.
 */
static struct error *refused(const struct oci_process *p, const char *program)
{
	int number = errno;
	const char *why = why_no_transition(p, program, number);
	char *what autofree = alloc_printf("exec %s", program);
	struct error *err = reason(what, number);

	if (why) {
		char *text autofree = alloc_printf("%s (%s)", error_message(err), why);

		error_free(err);
		err = error_new(ERROR_SYSTEM, "%s", text);
	}
	return error_set_status(err, number == ENOENT || number == ENOTDIR ? 127 : 126);
}

struct error *step_execute(struct setup *s)
{
	const struct oci_process *p = &s->spec->process;
	char **env autostrv = setup_environment(s);
	struct stat st;

	reset_signals();
	if (s->program) {
		execve(s->program, p->argv, env);
		return refused(p, s->program);
	}
	if (!strchr(p->argv[0], '/'))
		return not_executed(s, p->argv[0], execute_by_path(p->argv, env));
	if (stat(p->argv[0], &st) == 0 && S_ISDIR(st.st_mode))
		return not_executed(s, p->argv[0], EISDIR);
	execve(p->argv[0], p->argv, env);
	return not_executed(s, p->argv[0], errno);
}
