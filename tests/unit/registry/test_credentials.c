#include "unit/test.h"

#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "registry/credentials.h"

struct home {
	char path[32];
	int dir;
};

static int begin(void **state)
{
	struct home *h = alloc_zeroed(1, sizeof(*h));

	h->dir = test_make_dir(h->path);
	setenv("DOCKER_CONFIG", h->path, 1);
	*state = h;
	return 0;
}

static int end(void **state)
{
	struct home *h = *state;

	assert_ok(path_remove_tree(AT_FDCWD, h->path));
	close(h->dir);
	free(h);
	return 0;
}

static void config(struct home *h, const char *text)
{
	assert_ok(path_replace(h->dir, "config.json", text, strlen(text), 0600, false));
}

static void test_nothing_stored(void **state)
{
	struct credentials c autocredentials = { 0 };
	bool was = true;

	(void)state;
	assert_ok(credentials_find("example.org", &c));
	assert_null(c.user);
	assert_ok(registry_erase_login("example.org", &was));
	assert_false(was);
}

/* "u:p:q" and "u:hub": a secret may have colons. Keys of docker's older clients are URLs. */
static void test_files_of_docker(void **state)
{
	struct credentials c autocredentials = { 0 }, hub autocredentials = { 0 };
	struct credentials old autocredentials = { 0 }, other autocredentials = { 0 };

	config(*state,
	       "{\"auths\": {\"example.org:5000\": {\"auth\": \"dTpwOnE=\"},"
	       " \"https://index.docker.io/v1/\": {\"auth\": \"dTpodWI=\"},"
	       " \"https://old.test/v1/\": {\"auth\": \"dTpv\", \"identitytoken\": \"i\"}}}");
	assert_ok(credentials_find("example.org:5000", &c));
	assert_string_equal(c.user, "u");
	assert_string_equal(c.secret, "p:q");
	assert_ok(credentials_find("docker.io", &hub));
	assert_string_equal(hub.secret, "hub");
	assert_ok(credentials_find("old.test", &old));
	assert_string_equal(old.identity, "i");
	assert_ok(credentials_find("example.org", &other));
	assert_null(other.user);
}

static void test_store_and_erase(void **state)
{
	struct home *h = *state;
	struct credentials c autocredentials = { 0 }, gone autocredentials = { 0 };
	char *path autofree = NULL, *text autofree = NULL;
	struct stat st;
	bool was;

	config(h, "{\"psFormat\": \"x\", \"auths\": {\"other\": {\"auth\": \"eDp5\"}}}");
	assert_ok(registry_store_login("example.org", "u", "p", &path));
	assert_non_null(strstr(path, "/config.json"));
	assert_int_equal(fstatat(h->dir, "config.json", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_ok(credentials_find("example.org", &c));
	assert_string_equal(c.secret, "p");
	assert_ok(registry_erase_login("example.org", &was));
	assert_true(was);
	assert_ok(credentials_find("example.org", &gone));
	assert_null(gone.user);
	assert_ok(path_read_text(h->dir, "config.json", 10000, &text));
	assert_non_null(strstr(text, "\"psFormat\": \"x\""));
	assert_non_null(strstr(text, "eDp5"));
}

static void test_malformed(void **state)
{
	static const char *const texts[] = {
		"[]",
		"{",
		"{\"auths\": {\"x\": {\"auth\": \"!\"}}}",
		"{\"auths\": {\"x\": {\"auth\": \"dXA=\"}}}",	  /* no colon */
		"{\"auths\": {\"x\": {\"auth\": \"dTpwAA==\"}}}", /* a NUL */
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct credentials c autocredentials = { 0 };

		config(*state, texts[i]);
		assert_fails(credentials_find("x", &c), ERROR_BAD_INPUT, "config.json");
	}
}

#define HOME_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(test_nothing_stored),
		HOME_TEST(test_files_of_docker),
		HOME_TEST(test_store_and_erase),
		HOME_TEST(test_malformed),
	};

	return TEST_MAIN(tests);
}
