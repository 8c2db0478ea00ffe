/* oci/user.c: users and groups from files that an image wrote. */
#include <sys/stat.h>

#include "oci/user.h"
#include "unit/test.h"

#define PASSWD                                                                                     \
	"root:x:0:0:root:/root:/bin/sh\n"                                                          \
	"app:x:1000:1001:An App:/home/app:/bin/sh\n"                                               \
	"bare:x:1002:1002::\n"                                                                     \
	"1234:x:7:7::/home/number:/bin/sh\n"
#define GROUP                                                                                      \
	"root:x:0:\napp:x:1001:\nwheel:x:10:other,app\nstaff:x:50:app\nhuge:x:99999999999:app\n"

static void the_empty_user_is_root(void **state)
{
	struct user u;

	(void)state;
	assert_ok(user_resolve_text(PASSWD, GROUP, NULL, NULL, &u));
	assert_int_equal(u.uid, 0);
	assert_int_equal(u.gid, 0);
	assert_string_equal(u.home, "/root");
	user_done(&u);
	assert_ok(user_resolve_text(NULL, NULL, "", NULL, &u));
	assert_int_equal(u.uid, 0);
	assert_string_equal(u.home, "/");
	user_done(&u);
}

static void a_name_brings_its_groups(void **state)
{
	struct user u;

	(void)state;
	assert_ok(user_resolve_text(PASSWD, GROUP, "app", NULL, &u));
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 1001);
	assert_string_equal(u.home, "/home/app");
	assert_int_equal(u.n_groups, 3); /* the group whose id no container has is passed over */
	assert_int_equal(u.groups[0], 1001);
	assert_int_equal(u.groups[1], 10);
	assert_int_equal(u.groups[2], 50);
	user_done(&u);
}

static void a_group_that_is_named_stands_alone(void **state)
{
	struct user u;

	(void)state;
	assert_ok(user_resolve_text(PASSWD, GROUP, "app:wheel", NULL, &u));
	assert_int_equal(u.gid, 10);
	assert_int_equal(u.n_groups, 1);
	assert_int_equal(u.groups[0], 10);
	user_done(&u);
	assert_ok(user_resolve_text(PASSWD, GROUP, "app:77", NULL, &u));
	assert_int_equal(u.gid, 77);
	user_done(&u);
}

static void numbers_need_no_entry(void **state)
{
	struct user u;

	(void)state;
	assert_ok(user_resolve_text(NULL, NULL, "4711", NULL, &u));
	assert_int_equal(u.uid, 4711);
	assert_int_equal(u.gid, 0);
	assert_string_equal(u.home, "/");
	user_done(&u);
	assert_ok(user_resolve_text(PASSWD, GROUP, "1000", NULL, &u));
	assert_int_equal(u.gid, 1001);
	assert_string_equal(u.home, "/home/app");
	user_done(&u);
	assert_ok(
		user_resolve_text(PASSWD, GROUP, "1234", NULL, &u)); /* a user's name comes first */
	assert_int_equal(u.uid, 7);
	user_done(&u);
}

static void an_empty_home_is_the_root(void **state)
{
	struct user u;

	(void)state;
	assert_ok(user_resolve_text("bare:x:1002:1002:::\n", NULL, "bare", NULL, &u));
	assert_string_equal(u.home, "/");
	user_done(&u);
}

static void what_is_not_there_is_named(void **state)
{
	struct user u;

	(void)state;
	assert_fails(user_resolve_text(PASSWD, GROUP, "nobody", NULL, &u), ERROR_BAD_INPUT,
		     "unable to find user nobody: no matching entries in passwd file");
	assert_fails(user_resolve_text(PASSWD, GROUP, "app:none", NULL, &u), ERROR_BAD_INPUT,
		     "unable to find group none");
	assert_fails(user_resolve_text(PASSWD, GROUP, "65536", NULL, &u), ERROR_BAD_INPUT,
		     "a container has the ids 0 to 65535");
	assert_fails(user_resolve_text(PASSWD, GROUP, "-1", NULL, &u), ERROR_BAD_INPUT,
		     "unable to find user");
	assert_fails(user_resolve_text(PASSWD, GROUP, "app:65536", NULL, &u), ERROR_BAD_INPUT,
		     "unable to find group");
}

static void added_groups_come_once(void **state)
{
	const char *more[] = { "wheel", "50", "33", NULL };
	struct user u;

	(void)state;
	assert_ok(user_resolve_text(PASSWD, GROUP, "app", (char **)more, &u));
	assert_int_equal(u.n_groups, 4);
	assert_int_equal(u.groups[3], 33);
	user_done(&u);
	more[0] = "none";
	assert_fails(user_resolve_text(PASSWD, GROUP, "app", (char **)more, &u), ERROR_BAD_INPUT,
		     "unable to find group none");
}

static void hostile_lines_are_passed_over(void **state)
{
	static const char *const files[] = {
		"root",
		"root:x",
		"root:x:0",
		"root:x:-1:0::/:/\n",
		"root:x:99999999999999999999:0::/:/\n",
		"root:x:0x0:0::/:/\n",
		":::::::\n",
		"\n\n\n",
		"root:x:70000:0::/:/\n",
	};
	struct user u;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		assert_fails(user_resolve_text(files[i], files[i], "root", NULL, &u),
			     ERROR_BAD_INPUT, "unable to find user root");
}

/*
 * The files are opened inside the root: a link that leads out shows the root's own, a fifo or
 * device is no file.
 */
static void files_are_opened_inside_the_root(void **state)
{
	char path[32];
	struct user u;
	int root, etc;

	(void)state;
	test_make_dir(path);
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(root, "etc", 0755), 0);
	etc = openat(root, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(symlinkat("../../../../../../etc/passwd", etc, "passwd"), 0);
	assert_fails(user_resolve(root, "daemon", NULL, &u), ERROR_BAD_INPUT,
		     "unable to find user");
	assert_int_equal(unlinkat(etc, "passwd", 0), 0);
	assert_int_equal(mkfifoat(etc, "passwd", 0644), 0); /* opening it must not wait */
	assert_fails(user_resolve(root, "app", NULL, &u), ERROR_BAD_INPUT, "unable to find user");
	assert_int_equal(unlinkat(etc, "passwd", 0), 0);
	assert_int_equal(unlinkat(root, "etc", AT_REMOVEDIR), 0);
	close(etc);
	close(root);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_user_is_root),
		cmocka_unit_test(a_name_brings_its_groups),
		cmocka_unit_test(a_group_that_is_named_stands_alone),
		cmocka_unit_test(numbers_need_no_entry),
		cmocka_unit_test(an_empty_home_is_the_root),
		cmocka_unit_test(what_is_not_there_is_named),
		cmocka_unit_test(added_groups_come_once),
		cmocka_unit_test(hostile_lines_are_passed_over),
		cmocka_unit_test(files_are_opened_inside_the_root),
	};

	return TEST_MAIN(tests);
}
