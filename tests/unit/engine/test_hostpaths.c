/* engine/hostpaths.c and the sources of engine/mounts.c: requirement F2. */
#include "engine/hostpaths.h"

#include <sys/stat.h>

#include "base/fd.h"
#include "engine/mounts.h"
#include "unit/engine/engine_fixture.h"

static struct policy *policy;

static struct error *check(struct fixture *f, const char *path, bool writable)
{
	return hostpaths_check(f->e, policy, path, writable);
}

static void use_policy(const char *text)
{
	policy_free(policy);
	policy = NULL;
	assert_ok(policy_parse(text, strlen(text), &policy));
}

static void writable_paths_that_give_the_host_away(void **state)
{
	static const char *const refused[] = {
		"/",
		"/etc",
		"/usr",
		"/bin",
		"/sbin",
		"/lib",
		"/lib64",
		"/boot",
		"/boot/efi",
		"/dev",
		"/proc",
		"/proc/sys",
		"/sys",
		"/sys/fs/cgroup",
		"/run",
		"/var",
		"/root",
		"/root/.ssh",
		"/root/.ssh/authorized_keys",
		"/etc/shadow",
		"/etc/sudoers",
		"/etc/sudoers.d/x",
		"/etc/ssh/sshd_config",
		"/etc/cron.d",
		"/etc/cron.daily/x",
		"/etc/systemd",
		"/etc/pam.d/login",
		"/usr/bin",
		"/usr/lib",
		"/usr/sbin",
	};
	static const char *const fine[] = {
		"/etc/letsencrypt",
		"/usr/share/nginx/html",
		"/var/www",
		"/home/me",
		"/srv",

		"/root/project",
		"/opt",
		"/run/user/1000/x",
		"/etcetera",
		"/dev/shm",
	};
	struct fixture *f = *state;

	use_policy("{}");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_fails(check(f, refused[i], true), ERROR_REFUSED, refused[i]);
		assert_ok(check(f, refused[i], false));
	}
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		assert_ok(check(f, fine[i], true));
	policy_free(policy);
	policy = NULL;
}

static void sockets_and_own_state_in_any_mode(void **state)
{
	static const char *const sockets[] = {
		"/run/docker.sock",
		"/run/containerd/containerd.sock",
		"/run/podman/podman.sock",
		"/run/user/1000/docker.sock",
		"/run/user/1000/podman/podman.sock",
	};
	struct fixture *f = *state;
	char *inside autofree = alloc_printf("%s/containers", f->root);

	use_policy("{}");
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		assert_fails(check(f, sockets[i], false), ERROR_REFUSED, "socket");
		assert_fails(check(f, sockets[i], true), ERROR_REFUSED, "socket");
	}
	assert_fails(check(f, f->root, false), ERROR_REFUSED, "own state");
	assert_fails(check(f, inside, false), ERROR_REFUSED, "own state");
	assert_fails(check(f, f->path, true), ERROR_REFUSED, "lies below");
	assert_ok(check(f, f->path, false));
	policy_free(policy);
	policy = NULL;
}

static void policy_widens_and_narrows(void **state)
{
	struct fixture *f = *state;

	use_policy("{\"mounts\":{\"allow\":[\"/etc/ssh\",\"/var\"]}}");
	assert_ok(check(f, "/etc/ssh/x", true));
	assert_ok(check(f, "/var", true));
	assert_fails(check(f, "/etc", true), ERROR_REFUSED, "/etc");
	use_policy("{\"mounts\":{\"refuseReadOnly\":true}}");
	assert_fails(check(f, "/etc", false), ERROR_REFUSED, "by policy");
	use_policy("{\"mounts\":{\"refuseHostPaths\":false}}");
	assert_ok(check(f, "/", true));
	policy_free(policy);
	policy = NULL;
}

static struct error *create_with_bind(struct fixture *f, const char *source, const char *options)
{
	char *host autofree = alloc_printf("{\"Binds\":[\"%s:/mnt%s\"]}", source, options);
	char id[ENGINE_ID_SIZE];

	return fixture_create(f, NULL, host, id);
}

static void links_are_followed_before_the_check(void **state)
{
	struct fixture *f = *state;
	char *link autofree = alloc_printf("%s/link", f->path);
	char *missing autofree = alloc_printf("%s/link/does-not-exist", f->path);

	assert_int_equal(symlinkat("/etc", f->dir, "link"), 0);
	assert_fails(create_with_bind(f, link, ""), ERROR_REFUSED, "/etc");
	assert_ok(create_with_bind(f, link, ":ro"));
	assert_int_equal(unlinkat(f->dir, "link", 0), 0);
	assert_int_equal(symlinkat("/sys", f->dir, "link"), 0);
	assert_fails(create_with_bind(f, missing, ""), ERROR_REFUSED, "/sys/does-not-exist");
}

static void a_link_put_there_after_create_changes_nothing(void **state)
{
	struct fixture *f = *state;
	char *source autofree = alloc_printf("%s/source", f->path);
	struct container *c autocontainer = NULL;
	int fd autoclose = -1;

	assert_int_equal(mkdirat(f->dir, "source", 0755), 0);
	assert_ok(create_with_bind(f, source, ""));
	{
		struct container **list;
		size_t n;

		assert_ok(engine_list(f->e, ENGINE_LIST_ALL, &list, &n));
		assert_int_equal(n, 1);
		c = list[0];
		free(list);
	}
	/* the image's volume /data, and the bind at /mnt */
	assert_int_equal(c->n_mounts, 2);
	assert_string_equal(c->mounts[1].destination, "/mnt");
	assert_string_equal(c->mounts[1].options, "nosuid,nodev");
	assert_ok(mounts_open_source(f->e, &c->mounts[1], &fd));
	fd_close(&fd);
	assert_int_equal(unlinkat(f->dir, "source", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("/etc", f->dir, "source"), 0);
	assert_fails(mounts_open_source(f->e, &c->mounts[1], &fd), ERROR_REFUSED, "/etc");
	assert_ok(mounts_open_source(f->e, &c->mounts[0], &fd));
}

static void a_missing_source(void **state)
{
	struct fixture *f = *state;
	char *deep autofree = alloc_printf("%s/made/by/v", f->path);
	char *request autofree = alloc_printf(
		"{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"%s\",\"Target\":\"/mnt\"}]}", deep);
	struct engine_mount m = { 0 };
	char id[ENGINE_ID_SIZE];
	int fd autoclose = -1;

	assert_fails(fixture_create(f, NULL, request, id), ERROR_BAD_INPUT,
		     "bind source path does not exist");
	assert_ok(create_with_bind(f, deep, ""));
	assert_int_equal(access(deep, F_OK), -1); /* only a start makes it */
	m.type = (char[]){ "bind" };
	m.source = deep;
	m.destination = (char[]){ "/mnt" };
	m.create_source = true;
	assert_ok(mounts_open_source(f->e, &m, &fd));
	assert_int_equal(access(deep, F_OK), 0);
}

static void duplicates_and_propagation(void **state)
{
	struct fixture *f = *state;
	char id[ENGINE_ID_SIZE];

	assert_fails(fixture_create(f, NULL,
				    "{\"Binds\":[\"/srv:/x\"],\"Tmpfs\":{\"/y/../x\":\"\"}}", id),
		     ERROR_BAD_INPUT, "Duplicate mount point: /x");
	assert_fails(fixture_create(f, NULL, "{\"Binds\":[\"/srv:/x:shared\"]}", id),
		     ERROR_BAD_INPUT, "--userns=host");
	assert_ok(fixture_create(f, NULL,
				 "{\"Binds\":[\"/srv:/x:shared\"],\"UsernsMode\":\"host\"}", id));
	assert_ok(
		fixture_create(f, NULL, "{\"Binds\":[\"/srv:/data\"]}", id)); /* over the volume */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(writable_paths_that_give_the_host_away),
		FIXTURE_TEST(sockets_and_own_state_in_any_mode),
		FIXTURE_TEST(policy_widens_and_narrows),
		FIXTURE_TEST(links_are_followed_before_the_check),
		FIXTURE_TEST(a_link_put_there_after_create_changes_nothing),
		FIXTURE_TEST(a_missing_source),
		FIXTURE_TEST(duplicates_and_propagation),
	};

	return TEST_MAIN(tests);
}
