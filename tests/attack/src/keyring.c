/*
 * Keys of others (keyrings(7)). `keyring add KEYRING NAME TEXT` adds a key that its user may read
 * to the keyring "user" or "session" and prints its number; `keyring find KEYRING NAME` looks for
 * one there, `keyring read NUMBER` reads one, and both print the text. `keyring join COMMAND...`
 * runs a command in a new session keyring. `keyring drop NAME` takes one out of the user's keyring.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define POSSESSOR_AND_USER_ALL 0x3f3f0000

static long keyring_of(const char *name)
{
	return strcmp(name, "user") == 0 ? KEY_SPEC_USER_KEYRING : KEY_SPEC_SESSION_KEYRING;
}

static int failed(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	return 1;
}

static int read_key(long key)
{
	char text[64];
	long n = syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof(text));

	if (n < 0)
		return failed("read");
	printf("succeeded: %.*s\n", (int)n, text);
	return 0;
}

static int add(const char *keyring, const char *name, const char *text)
{
	long key = syscall(SYS_add_key, "user", name, text, strlen(text), keyring_of(keyring));

	/* Only who possesses a key may change its permissions: the session must lead to it. */
	if (strcmp(keyring, "user") == 0 &&
	    syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING) < 0)
		return failed("link");
	if (key < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, key, POSSESSOR_AND_USER_ALL) < 0)
		return failed("add");
	printf("%ld\n", key);
	return 0;
}

static int find(const char *keyring, const char *name)
{
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, keyring_of(keyring), "user", name, 0);

	return key < 0 ? failed("find") : read_key(key);
}

static int drop(const char *name)
{
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name, 0);

	if (key < 0)
		return failed("find");
	return syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING) < 0 ? failed("drop")
										  : 0;
}

static int join(char **command)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		return failed("join");
	execvp(command[0], command);
	return failed(command[0]);
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "add") == 0)
		return add(argv[2], argv[3], argv[4]);
	if (argc == 4 && strcmp(argv[1], "find") == 0)
		return find(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "read") == 0)
		return read_key(strtol(argv[2], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "drop") == 0)
		return drop(argv[2]);
	if (argc >= 3 && strcmp(argv[1], "join") == 0)
		return join(argv + 2);
	fprintf(stderr, "usage: keyring add|find|read|drop|join ...\n");
	return 2;
}
