/*
 * oci/net_devices.c, as far as one network shows it. tests/conformance/rows_namespaces.py has two.
 */
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "oci/net_devices.h"
#include "unit/test.h"

static struct error *move(const char *device, const char *name)
{
	struct config_net_device d = { .device = (char *)device, .name = (char *)name };

	return net_devices_move(&d, 1, getpid());
}

/* In a network of our own, where there is only the loopback device. */
static void in_own_network(void (*run)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			_exit(77);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool is_up(const char *name)
{
	int fd autoclose = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
}

static void rename_loopback(void)
{
	int fds = test_count_fds();

	assert_false(is_up("lo"));
	assert_ok(move("lo", "eth0"));
	assert_int_equal(if_nametoindex("lo"), 0);
	assert_true(is_up("eth0"));
	assert_int_equal(test_count_fds(), fds);
}

static void device_has_its_new_name_and_is_up(void **state)
{
	(void)state;
	in_own_network(rename_loopback);
}

static void fail_to_move(void)
{
	int fds = test_count_fds();

	assert_fails(move("nosuch", NULL), ERROR_SYSTEM,
		     "linux.netDevices.nosuch: the host has no such device");
	assert_fails(move("lo", "no/name"), ERROR_SYSTEM, "linux.netDevices.lo: move it: ");
	assert_int_equal(test_count_fds(), fds);
}

static void device_that_cannot_be_moved_is_named(void **state)
{
	(void)state;
	in_own_network(fail_to_move);
}

static void none_asks_for_no_rights(void **state)
{
	(void)state;
	assert_ok(net_devices_move(NULL, 0, -1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_has_its_new_name_and_is_up),
		cmocka_unit_test(device_that_cannot_be_moved_is_named),
		cmocka_unit_test(none_asks_for_no_rights),
	};

	return TEST_MAIN(tests);
}
