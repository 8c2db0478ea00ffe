/* engine/merge.c: docker's rules for an image's configuration under a container's. */
#include "engine/merge.h"

#include "base/json.h"
#include "base/strv.h"
#include "unit/test.h"

static char **list(const char *text)
{
	return text ? strv_split(text, ',') : NULL;
}

struct command_case {
	const char *image_entrypoint, *image_cmd, *entrypoint, *cmd;
	const char *argv; /* NULL: no command */
};

static void entrypoint_and_command(void **state)
{
	static const struct command_case cases[] = {
		{ NULL, "sh", NULL, NULL, "sh" },
		{ NULL, "sh", NULL, "ls,-l", "ls,-l" },
		{ "entry", "a,b", NULL, NULL, "entry,a,b" },
		{ "entry", "a,b", NULL, "c", "entry,c" },
		{ "entry", "a,b", "mine", NULL, "mine" },
		{ "entry", "a,b", "mine", "c", "mine,c" },
		{ "entry", NULL, NULL, NULL, "entry" },
		{ "entry", "a,b", "", "c", "c" }, /* --entrypoint "" */
		{ "entry", "a,b", "", NULL, NULL },
		{ NULL, NULL, NULL, NULL, NULL },
		{ NULL, NULL, NULL, "x", "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_config image = {
			.entrypoint = list(cases[i].image_entrypoint),
			.cmd = list(cases[i].image_cmd),
		};
		struct container_config config = {
			.entrypoint = list(cases[i].entrypoint),
			.cmd = list(cases[i].cmd),
		};
		struct error *err = merge_image(&image, &config);
		char **argv autostrv = merge_argv(&config);

		if (cases[i].argv) {
			char *joined autofree = strv_join(argv, ",");

			assert_ok(err);
			assert_string_equal(joined, cases[i].argv);
		} else {
			assert_fails(err, ERROR_BAD_INPUT, "no command specified");
		}
		strv_free(image.entrypoint);
		strv_free(image.cmd);
		json_done(&container_config_type, &config);
	}
}

static void everything_else(void **state)
{
	struct image_config image = {
		.user = alloc_string("app"),
		.working_dir = alloc_string("/srv"),
		.stop_signal = alloc_string("SIGQUIT"),
		.env = list("PATH=/bin,LANG=C,HOMELY=1"),
		.cmd = list("sh"),
		.exposed_ports = list("80/tcp,443/tcp"),
		.volumes = list("/data"),
		.labels = list("a,1,b,2"),
	};
	struct container_config config = {
		.working_dir = alloc_string("/mine"),
		.env = list("X=y,LANG=de,HOME=/"),
		.exposed_ports = list("443/tcp"),
		.volumes = list("/other"),
		.labels = list("b,3"),
	};
	char *env autofree = NULL, *ports autofree = NULL, *volumes autofree = NULL,
		  *labels autofree = NULL;

	(void)state;
	assert_ok(merge_image(&image, &config));
	env = strv_join(config.env, ",");
	ports = strv_join(config.exposed_ports, ",");
	volumes = strv_join(config.volumes, ",");
	labels = strv_join(config.labels, ",");
	assert_string_equal(config.user, "app");
	assert_string_equal(config.working_dir, "/mine");
	assert_string_equal(config.stop_signal, "SIGQUIT");
	assert_string_equal(env, "X=y,LANG=de,HOME=/,PATH=/bin,HOMELY=1");
	assert_string_equal(ports, "443/tcp,80/tcp");
	assert_string_equal(volumes, "/other,/data");
	assert_string_equal(labels, "b,3,a,1");
	json_done(&container_config_type, &config);
	free(image.user);
	free(image.working_dir);
	free(image.stop_signal);
	strv_free(image.env);
	strv_free(image.cmd);
	strv_free(image.exposed_ports);
	strv_free(image.volumes);
	strv_free(image.labels);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entrypoint_and_command),
		cmocka_unit_test(everything_else),
	};

	return TEST_MAIN(tests);
}
