#include "gains.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each returns NULL when it was refused, with errno, or what it gained. */
typedef const char *attack_function(const char *argument);

static char gained[256];

static const char *read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, gained, sizeof(gained) - 1);

	if (n < 0)
		return NULL;
	gained[n] = '\0';
	return gained;
}

static const char *write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	return fd >= 0 && write(fd, "attack", 6) == 6 ? "written" : NULL;
}

static const char *connect_to(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int number = 0;

	if (fd < 0 || sscanf(port, "%d", &number) != 1)
		return NULL;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)number);
	return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? "connected" : NULL;
}

/* An abstract UNIX socket (unix(7)): no file system is in the way to it. */
static const char *connect_abstract(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t length = strlen(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || length + 1 > sizeof(to.sun_path))
		return NULL;
	memcpy(to.sun_path + 1, name, length);
	return connect(fd, (struct sockaddr *)&to,
		       (socklen_t)(sizeof(to.sun_family) + 1 + length)) == 0
		       ? "connected"
		       : NULL;
}

static const char *listen_somewhere(const char *unused)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)unused;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return NULL;
	return listen(fd, 1) == 0 ? "listening" : NULL;
}

static const char *kill_process(const char *pid)
{
	int number = 0;

	if (sscanf(pid, "%d", &number) != 1)
		return NULL;
	return kill(number, SIGKILL) == 0 ? "killed" : NULL;
}

static const char *trace_process(const char *pid)
{
	int number = 0;

	if (sscanf(pid, "%d", &number) != 1)
		return NULL;
	return ptrace(PTRACE_SEIZE, number, NULL, NULL) == 0 ? "traced" : NULL;
}

static const char *mount_something(const char *target)
{
	return mount("none", target, "tmpfs", 0, NULL) == 0 ? "mounted" : NULL;
}

static const char *execute(const char *path)
{
	char *argv[] = { (char *)path, NULL }, *env[] = { NULL };

	execve(path, argv, env);
	return NULL;
}

static const char *start_process(const char *unused)
{
	pid_t pid = fork();

	(void)unused;
	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid ? "forked" : NULL;
}

static const char *take_memory(const char *mebibytes)
{
	int number = 0;
	char *memory;

	if (sscanf(mebibytes, "%d", &number) != 1)
		return NULL;
	memory = malloc((size_t)number << 20);
	if (!memory)
		return NULL;
	memory[0] = 1; /* or the compiler does without it */
	return memory[0] ? "allocated" : NULL;
}

static const char *set_owner(const char *path)
{
	return chown(path, 0, 0) == 0 ? "owned" : NULL;
}

static const struct {
	const char *name;
	attack_function *run;
} attacks[] = {
	{ "read", read_file },	  { "write", write_file },	    { "connect", connect_to },
	{ "kill", kill_process }, { "trace", trace_process },	    { "mount", mount_something },
	{ "execute", execute },	  { "fork", start_process },	    { "memory", take_memory },
	{ "own", set_owner },	  { "abstract", connect_abstract }, { "listen", listen_somewhere },
};

struct error *gains_try(const char *what, const char *argument)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++) {
		const char *gain;

		if (strcmp(attacks[i].name, what) != 0)
			continue;
		errno = 0;
		gain = attacks[i].run(argument);
		if (gain)
			return error_new(ERROR_BUG, "%s succeeded: %s", what, gain);
		return error_new(ERROR_BUG, "%s refused: %s", what, strerror(errno));
	}
	return error_new(ERROR_BUG, "no attack %s", what);
}
