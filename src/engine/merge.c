#include "engine/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

static void merge_text(const char *image, char **config)
{
	if (!str_is_empty(*config) || str_is_empty(image))
		return;
	free(*config);
	*config = alloc_string(image);
}

static void merge_set(char *const *image, char ***config)
{
	for (size_t i = 0; image && image[i]; i++)
		if (!strv_contains(*config, image[i]))
			strv_add(config, image[i]);
}

static bool has_key(char *const *map, const char *key)
{
	for (size_t i = 0; map && map[i]; i += 2)
		if (str_equal(map[i], key))
			return true;
	return false;
}

static void merge_map(char *const *image, char ***config)
{
	for (size_t i = 0; image && image[i]; i += 2)
		if (!has_key(*config, image[i])) {
			strv_add(config, image[i]);
			strv_add(config, image[i + 1]);
		}
}

/* Whether @list sets the variable that @entry sets; both may be a bare NAME. */
static bool has_variable(char *const *list, const char *entry)
{
	size_t length = strcspn(entry, "=");

	for (size_t i = 0; list && list[i]; i++)
		if (strcspn(list[i], "=") == length && strncmp(list[i], entry, length) == 0)
			return true;
	return false;
}

/*
 * The container's variables first, then those of the image that it does not set, as docker orders
 * them.
 */
static void merge_env(char *const *image, char ***config)
{
	char **own autostrv = strv_copy(*config);

	for (size_t i = 0; image && image[i]; i++)
		if (!has_variable(own, image[i]))
			strv_add(config, image[i]);
}

/*
 * An entrypoint of its own makes the container forget the image's command too; [""] is how the
 * command line says "no entrypoint at all".
 */
static void merge_command(const struct image_config *image, struct container_config *config)
{
	if (!strv_length(config->entrypoint)) {
		if (!strv_length(config->cmd)) {
			strv_free(config->cmd);
			config->cmd = strv_copy(image->cmd);
		}
		strv_free(config->entrypoint);
		config->entrypoint = strv_copy(image->entrypoint);
	}
	if (strv_length(config->entrypoint) == 1 && !*config->entrypoint[0]) {
		strv_free(config->entrypoint);
		config->entrypoint = NULL;
	}
}

struct error *merge_image(const struct image_config *image, struct container_config *config)
{
	merge_text(image->user, &config->user);
	merge_text(image->working_dir, &config->working_dir);
	merge_text(image->stop_signal, &config->stop_signal);
	merge_env(image->env, &config->env);
	merge_set(image->exposed_ports, &config->exposed_ports);
	merge_set(image->volumes, &config->volumes);
	merge_map(image->labels, &config->labels);
	merge_command(image, config);
	if (!strv_length(config->entrypoint) && !strv_length(config->cmd))
		return error_new(ERROR_BAD_INPUT, "no command specified");
	return NULL;
}

char **merge_argv(const struct container_config *config)
{
	char **argv = strv_copy(config->entrypoint);

	for (size_t i = 0; config->cmd && config->cmd[i]; i++)
		strv_add(&argv, config->cmd[i]);
	return argv;
}
