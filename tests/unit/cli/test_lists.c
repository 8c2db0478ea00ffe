/* cmd_ps.c, cmd_images.c, cmd_inspect.c, listing.c, filter.c: lists as docker prints them. */
#include <time.h>

#include "base/strv.h"
#include "unit/cli/fake_engine.h"
#include "unit/test.h"

#define NS 1000000000LL

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

static void add_two(void)
{
	struct container *web = fake_add_container("aa11bb22cc33", "web");
	struct container *old = fake_add_container("ffffffffffff", "a_very_long_name_indeed");

	web->status = CONTAINER_RUNNING;
	web->pid = 42;
	web->created_ns = now_ns() - 7300 * NS;
	web->started_ns = now_ns() - 7300 * NS;
	strv_free(web->argv);
	web->argv = NULL;
	strv_add(&web->argv, "sh");
	strv_add(&web->argv, "-c");
	strv_add(&web->argv, "echo hello world foo");
	strv_add(&web->config.labels, "com.example.some-name");
	strv_add(&web->config.labels, "1");
	strv_add(&web->config.labels, "b");
	strv_add(&web->config.labels, "<two>");
	old->status = CONTAINER_EXITED;
	old->exit_code = 3;
	old->created_ns = now_ns() - 86400 * 3 * NS;
	old->finished_ns = now_ns() - 300 * NS;
	alloc_free_pointer(&old->config.image);
	old->config.image = alloc_string(
		"sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
}

/* Byte for byte what docker 28 prints for the same two. */
static void ps_is_a_table(void **state)
{
	struct result r;

	(void)state;
	add_two();
	RUN(&r, "ps", "-a");
	assert_string_equal(
		r.out,
		"CONTAINER ID   IMAGE          COMMAND                  CREATED       STATUS                     PORTS     NAMES\n"
		"aa11bb22cc33   debian         \"sh -c 'echo hello w…\"   2 hours ago   Up 2 hours                           web\n"
		"ffffffffffff   eeeeeeeeeeee   \"true\"                   3 days ago    Exited (3) 5 minutes ago             a_very_long_name_indeed\n");
	RUN(&r, "ps");
	assert_null(strstr(r.out, "a_very_long_name_indeed"));
	RUN(&r, "container", "ls", "--no-trunc");
	assert_non_null(strstr(r.out, "\"sh -c 'echo hello world foo'\""));
	fake_reset();
	RUN(&r, "ps");
	assert_string_equal(
		r.out, "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n");
}

static void ps_shows_only_ids(void **state)
{
	struct result r;

	(void)state;
	add_two();
	RUN(&r, "ps", "-q");
	assert_string_equal(r.out, "aa11bb22cc33\n");
	RUN(&r, "ps", "-aq", "--no-trunc");
	assert_int_equal(strlen(r.out), 2 * 65);
	RUN(&r, "ps", "-lq");
	assert_string_equal(r.out, "aa11bb22cc33\n");
	RUN(&r, "ps", "-q", "-n", "2");
	assert_string_equal(r.out, "aa11bb22cc33\nffffffffffff\n");
	RUN(&r, "ps", "-q", "-n0");
	assert_string_equal(r.out, "");
	fake_reset();
}

static void ps_takes_templates(void **state)
{
	struct result r;

	(void)state;
	add_two();
	RUN(&r, "ps", "-a", "--format", "{{.ID}}\\t{{.Names}} {{.State}}");
	assert_string_equal(
		r.out, "aa11bb22cc33\tweb running\nffffffffffff\ta_very_long_name_indeed exited\n");
	RUN(&r, "ps", "-a", "--format",
	    "table {{.Names}}\\t{{.Label \"com.example.some-name\"}}\\t{{json .State}}");
	assert_string_equal(r.out, "NAMES                     some name   STATE\n"
				   "web                       1           \"running\"\n"
				   "a_very_long_name_indeed               \"exited\"\n");
	RUN(&r, "ps", "--format",
	    "{{.Labels}}|{{.Networks}}|{{.LocalVolumes}}|{{.Ports}}|{{.Size}}");
	assert_string_equal(r.out, "b=<two>,com.example.some-name=1|none|0||0B\n");
	RUN(&r, "ps", "--format", "json");
	assert_non_null(
		strstr(r.out, "{\"Command\":\"\\\"sh -c 'echo hello w…\\\"\",\"CreatedAt\":\""));
	RUN(&r, "ps", "-s", "--format", "{{.Size}}");
	assert_string_equal(r.out, "5kB (virtual 0B)\n");
	RUN(&r, "ps", "--format", "{{.Foo}}");
	assert_int_equal(r.status, 1);
	assert_string_equal(r.out, "");
	assert_non_null(strstr(
		r.err, "failed to execute template: template: :1:2: executing \"\" at <.Foo>"));
	RUN(&r, "ps", "--format", "{{.Foo");
	assert_non_null(strstr(r.err, "failed to parse template: template: :1: unclosed action"));
	fake_reset();
}

static void ps_filters(void **state)
{
	static const struct {
		const char *words[8], *out;
	} cases[] = {
		{ { "ps", "-aq", "-f", "name=we" }, "aa11bb22cc33\n" },
		{ { "ps", "-aq", "-f", "name=^/web$" }, "aa11bb22cc33\n" },
		{ { "ps", "-aq", "-f", "name=nope" }, "" },
		{ { "ps", "-q", "-f", "status=exited" }, "ffffffffffff\n" },
		{ { "ps", "-q", "-f", "status=exited", "-f", "status=running" },
		  "aa11bb22cc33\nffffffffffff\n" },
		{ { "ps", "-q", "-f", "exited=3" }, "ffffffffffff\n" },
		{ { "ps", "-q", "-f", "exited=0" }, "" },
		{ { "ps", "-aq", "-f", "id=ff" }, "ffffffffffff\n" },
		{ { "ps", "-aq", "-f", "label=b" }, "aa11bb22cc33\n" },
		{ { "ps", "-aq", "-f", "label=b=<two>" }, "aa11bb22cc33\n" },
		{ { "ps", "-aq", "-f", "label=b=x" }, "" },
		{ { "ps", "-aq", "-f", "label=b", "-f", "label=c" }, "" },
		{ { "ps", "-aq", "-f", "ancestor=debian" }, "aa11bb22cc33\n" },
		{ { "ps", "-aq", "-f", "before=web" }, "ffffffffffff\n" },
		{ { "ps", "-aq", "-f", "since=ffff" }, "aa11bb22cc33\n" },
		{ { "ps", "-aq", "-f", "network=none", "-f", "name=web" }, "aa11bb22cc33\n" },
		{ { "ps", "-aq", "-f", "volume=x" }, "" },
	};
	struct result r;

	(void)state;
	add_two();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fake_run(&r, cases[i].words);
		assert_string_equal(r.err, "");
		assert_string_equal(r.out, cases[i].out);
	}
	RUN(&r, "ps", "-f", "status=foo");
	assert_non_null(strstr(r.err, "invalid filter 'status=foo'"));
	RUN(&r, "ps", "-f", "name=(");
	assert_int_equal(r.status, 1);
	RUN(&r, "ps", "-f", "before=nope");
	assert_non_null(strstr(r.err, "no such container: nope"));
	fake_reset();
}

static void add_images(void)
{
	struct image *debian = fake_add_image("eeeeeeeeeeee", "debian:latest");
	struct image *none = fake_add_image("aaaaaaaaaaaa", NULL);

	strv_add(&debian->names, "host:5000/a/b:1");
	strv_add(&debian->digests, "debian@sha256:1111");
	strv_add(&debian->config.labels, "x");
	strv_add(&debian->config.labels, "y");
	debian->size_bytes = 123456789;
	none->size_bytes = 5000;
}

static void images_are_a_table(void **state)
{
	struct result r;

	(void)state;
	add_images();
	RUN(&r, "images", "--format", "table {{.Repository}}\\t{{.Tag}}\\t{{.ID}}\\t{{.Size}}");
	assert_string_equal(r.out, "REPOSITORY      TAG       IMAGE ID       SIZE\n"
				   "debian          latest    eeeeeeeeeeee   123MB\n"
				   "host:5000/a/b   1         eeeeeeeeeeee   123MB\n"
				   "<none>          <none>    aaaaaaaaaaaa   5kB\n");
	RUN(&r, "images", "--digests", "debian");
	assert_non_null(strstr(r.out, "REPOSITORY   TAG       DIGEST        IMAGE ID "));
	assert_non_null(strstr(r.out, "debian       latest    sha256:1111   eeeeeeeeeeee "));
	assert_non_null(strstr(r.out, " years ago   123MB\n"));
	RUN(&r, "image", "ls", "-q", "--no-trunc", "debian");
	assert_int_equal(strlen(r.out), 72);
	fake_reset();
}

static void images_filter(void **state)
{
	static const struct {
		const char *words[6], *out;
	} cases[] = {
		{ { "images", "-q" }, "eeeeeeeeeeee\neeeeeeeeeeee\naaaaaaaaaaaa\n" },
		{ { "images", "-q", "deb*" }, "eeeeeeeeeeee\n" },
		{ { "images", "-q", "debian:latest" }, "eeeeeeeeeeee\n" },
		{ { "images", "-q", "debian:12" }, "" },
		{ { "images", "-q", "-f", "dangling=true" }, "aaaaaaaaaaaa\n" },
		{ { "images", "-q", "-f", "dangling=false", "debian" }, "eeeeeeeeeeee\n" },
		{ { "images", "-q", "-f", "label=x=y", "debian" }, "eeeeeeeeeeee\n" },
		{ { "images", "-q", "-f", "label=z" }, "" },
		{ { "images", "-q", "-f", "reference=host:5000/a/*" }, "eeeeeeeeeeee\n" },
	};
	struct result r;

	(void)state;
	add_images();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fake_run(&r, cases[i].words);
		assert_string_equal(r.err, "");
		assert_string_equal(r.out, cases[i].out);
	}
	RUN(&r, "images", "-f", "foo=bar");
	assert_non_null(strstr(r.err, "invalid filter 'foo'"));
	RUN(&r, "images", "-f", "dangling=x");
	assert_int_equal(r.status, 1);
	fake_reset();
}

static void inspect_is_json_or_a_template(void **state)
{
	struct result r;

	(void)state;
	add_two();
	add_images();
	RUN(&r, "inspect", "web");
	assert_int_equal(r.status, 0);
	assert_int_equal(strncmp(r.out, "[\n    {\n        \"Id\": \"aa11bb22cc33", 35), 0);
	RUN(&r, "inspect", "-f",
	    "{{.Name}} {{.State.Pid}} {{.State.Health}} {{.Config.Labels.z}} {{.HostConfig.CapAdd}}",
	    "web", "ffff");
	assert_string_equal(
		r.out,
		"web 42 <nil> <no value> []\na_very_long_name_indeed 0 <nil> <no value> []\n");
	RUN(&r, "inspect", "--format=json", "web", "debian:latest");
	assert_int_equal(strncmp(r.out, "[{\"Id\":\"aa11", 12), 0);
	assert_non_null(strstr(r.out, ",{\"Id\":\"sha256:eeee"));
	RUN(&r, "inspect", "-s", "-f", "{{.SizeRw}}", "web");
	assert_string_equal(r.out, "5000\n");
	RUN(&r, "image", "inspect", "-f", "{{.Id}}", "debian:latest");
	assert_int_equal(strlen(r.out), 72);
	fake_reset();
}

static void inspect_says_what_is_not_there(void **state)
{
	struct result r;

	(void)state;
	add_two();
	RUN(&r, "inspect", "nope");
	assert_int_equal(r.status, 1);
	assert_string_equal(r.out, "[]\n");
	assert_string_equal(r.err, "bulkhead: no such object: nope\n");
	RUN(&r, "inspect", "-f", "{{.Name}}", "nope", "web");
	assert_int_equal(r.status, 1);
	assert_string_equal(r.out, "web\n");
	RUN(&r, "inspect", "--type", "image", "web");
	assert_string_equal(r.err, "bulkhead: no such image: web\n");
	RUN(&r, "container", "inspect", "debian:latest");
	assert_string_equal(r.err, "bulkhead: no such container: debian:latest\n");
	RUN(&r, "inspect", "-f", "{{.Foo}}", "web");
	assert_int_equal(r.status, 1);
	assert_non_null(strstr(
		r.err,
		"bulkhead: template parsing error: template: :1:2: executing \"\" at <.Foo>: map has "
		"no entry for key \"Foo\"\n"));
	fake_reset();
}

static void images_make_a_tree(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "images", "--tree");
	assert_int_equal(r.status, 0);
	assert_string_equal(r.out,
			    "IMAGE        ID             DISK USAGE   CONTENT SIZE   USED\n"
			    "debian:12    0123456789ab   6MB          0B             \u2714\n"
			    "\u2514\u2500 /         0123456789ab   6MB          0B             \n"
			    "<untagged>   fedcba987654   4MB          0B             \n"
			    "\u2514\u2500 /         fedcba987654   4MB          0B             \n");
	RUN(&r, "images", "--tree", "-q");
	assert_int_equal(r.status, 1);
	fake_reset();
}

static void history_is_a_table(void **state)
{
	struct result r;

	(void)state;
	RUN(&r, "history", "debian", "--format", "{{.ID}}|{{.CreatedBy}}|{{.Size}}|{{.Comment}}");
	assert_string_equal(
		r.out, "0123456789ab|a command that is longer than the column has\u2026|1.23kB|"
		       "c\033[31m\n<missing>||0B|\n");
	RUN(&r, "history", "-H=false", "--no-trunc", "--format",
	    "{{.ID}} {{.CreatedSince}} {{.Size}}", "debian");
	assert_string_equal(r.out, "sha256:0123456789abcdef 2020-01-02T03:04:05Z 1234\n"
				   "<missing> N/A 0\n");
	RUN(&r, "image", "history", "-q", "debian");
	assert_string_equal(r.out, "0123456789ab\n<missing>\n");
	fake_reset();
}

static void prune_asks_and_tells(void **state)
{
	struct result r;

	(void)state;
	fake_add_image("111111111111", "a:1");
	fake_add_image("222222222222", NULL);
	RUN(&r, "image", "prune", "-f", "--filter", "until=2021-01-01");
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(r.out, "Deleted Images:\ndeleted: sha256:111111111111"));
	assert_non_null(strstr(r.out, "\n\nTotal reclaimed space: 3MB\n"));
	RUN(&r, "image", "prune", "-f", "--filter", "until=2019-01-01");
	assert_string_equal(r.out, "Total reclaimed space: 0B\n");
	RUN(&r, "image", "prune", "-f", "--filter", "label=a", "--filter", "label!=b");
	assert_string_equal(r.out, "Total reclaimed space: 0B\n");
	RUN(&r, "image", "prune", "-f", "--filter", "dangling=false");
	assert_non_null(strstr(fake.calls, "prune:1"));
	RUN(&r, "image", "prune", "-f", "--filter", "nosuch=1");
	assert_int_equal(r.status, 1);
	fake_reset();
}

static void df_sums_up(void **state)
{
	struct result r;

	(void)state;
	fake_add_container("abc", "web");
	RUN(&r, "system", "df", "--format",
	    "{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}|{{.Reclaimable}}");
	assert_string_equal(r.out, "Images|2|1|10MB|6MB (60%)\n"
				   "Containers|1|0|5kB|5kB (100%)\n"
				   "Local Volumes|2|1|4kB|1kB (25%)\n"
				   "Build Cache|0|0|0B|0B\n");
	RUN(&r, "system", "df", "-v");
	assert_non_null(strstr(r.out, "REPOSITORY   TAG       IMAGE ID"));
	assert_non_null(strstr(r.out, "2MB           4MB           1"));
	assert_non_null(strstr(r.out, "used          2         3kB"));
	RUN(&r, "system", "df", "-v", "--format", "x");
	assert_int_equal(r.status, 1);
	fake_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ps_is_a_table),
		cmocka_unit_test(ps_shows_only_ids),
		cmocka_unit_test(ps_takes_templates),
		cmocka_unit_test(ps_filters),
		cmocka_unit_test(images_are_a_table),
		cmocka_unit_test(images_filter),
		cmocka_unit_test(images_make_a_tree),
		cmocka_unit_test(history_is_a_table),
		cmocka_unit_test(prune_asks_and_tells),
		cmocka_unit_test(df_sums_up),
		cmocka_unit_test(inspect_is_json_or_a_template),
		cmocka_unit_test(inspect_says_what_is_not_there),
	};

	return TEST_MAIN(tests);
}
