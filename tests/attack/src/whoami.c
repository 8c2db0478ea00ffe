/*
 * `whoami` prints its effective user and its effective capabilities: what a file's mode or xattr
 * gave it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");

	printf("uid %u", geteuid());
	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, "CapEff:", 7) == 0)
			printf(" caps %s", line + 8 + strspn(line + 8, "0"));
	return 0;
}
