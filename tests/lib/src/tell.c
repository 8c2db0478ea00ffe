/*
 * Sends each argument to NOTIFY_SOCKET (sd_notify(3)), then waits; 3 when it cannot. What follows a
 * READY may find nobody who listens any more.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	bool ready = false;

	if (!path || strlen(path) >= sizeof(address.sun_path))
		return 3;
	strcpy(address.sun_path, path);
	for (int i = 1; i < argc; i++) {
		if (sendto(fd, argv[i], strlen(argv[i]), 0, (struct sockaddr *)&address,
			   sizeof(address)) < 0 &&
		    !ready)
			return 3;
		ready = ready || strstr(argv[i], "READY=");
	}
	alarm(60);
	return pause();
}
