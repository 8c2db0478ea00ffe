#include "cli/container_row.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "base/strv.h"
#include "cli/human.h"
#include "cli/listing.h"

#include "base/banned.h"

#define SHORT_ID 12
#define COMMAND_WIDTH 20
#define MOUNT_WIDTH 15

const struct listing_column container_columns[] = {
	{ "ID", "CONTAINER ID" },
	{ "Image", "IMAGE" },
	{ "Command", "COMMAND" },
	{ "CreatedAt", "CREATED AT" },
	{ "RunningFor", "CREATED" },
	{ "Ports", "PORTS" },
	{ "State", "STATE" },
	{ "Status", "STATUS" },
	{ "Size", "SIZE" },
	{ "Names", "NAMES" },
	{ "Labels", "LABELS" },
	{ "LocalVolumes", "LOCAL VOLUMES" },
	{ "Mounts", "MOUNTS" },
	{ "Networks", "NETWORKS" },
	{ NULL, NULL },
};

const char *container_row_state(enum container_status status)
{
	static const char *const words[] = {
		[CONTAINER_CREATED] = "created", [CONTAINER_RUNNING] = "running",
		[CONTAINER_PAUSED] = "paused",	 [CONTAINER_EXITED] = "exited",
		[CONTAINER_DEAD] = "dead",
	};

	return words[status];
}

char *container_row_status(const struct container *c)
{
	char *ago autofree =
		human_ago(c->status == CONTAINER_EXITED ? c->finished_ns : c->started_ns);
	char *up autofree = alloc_string_n(ago, strlen(ago) - strlen(" ago"));

	switch (c->status) {
	case CONTAINER_RUNNING:
		return alloc_printf("Up %s", up);
	case CONTAINER_PAUSED:
		return alloc_printf("Up %s (Paused)", up);
	case CONTAINER_EXITED:
		return alloc_printf("Exited (%d) %s", c->exit_code, ago);
	case CONTAINER_DEAD:
		return alloc_string("Dead");
	default:
		return alloc_string("Created");
	}
}

/*
 * The program and its arguments, those with blanks in quotes, all in quotes once more: docker's
 * column.
 */
static json_t *command(const struct container *c, bool truncate)
{
	char **words autostrv = NULL;
	char *line autofree = NULL, *shown autofree = NULL;
	struct buf quoted autobuf = BUF_MAX(1 << 24);

	for (char **a = c->argv; a && *a; a++) {
		if (a != c->argv && strchr(*a, ' '))
			strv_addf(&words, "'%s'", *a);
		else
			strv_add(&words, *a);
	}
	line = strv_join(words, " ");
	shown = truncate ? human_ellipsis(line, COMMAND_WIDTH) : alloc_string(line);
	error_ignore(json_add_quoted(&quoted, shown, strlen(shown)),
		     "a command longer than any list shows");
	return json_string(buf_text(&quoted));
}

/* The name as given, or the id where it was given as one. */
static json_t *image(const struct container *c, bool truncate)
{
	const char *name = c->config.image ? c->config.image : "";
	const char *hex = strchr(name, ':');

	if (truncate && digest_is_valid(name))
		return json_stringn(hex + 1, SHORT_ID);
	return json_string(name);
}

static json_t *mounts(const struct container *c, bool truncate)
{
	char **names autostrv = NULL;
	char *joined autofree = NULL;

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct engine_mount *m = &c->mounts[i];
		const char *name = !str_is_empty(m->name) ? m->name : m->source;

		if (str_is_empty(name))
			continue;
		strv_add_owned(&names,
			       truncate ? human_ellipsis(name, MOUNT_WIDTH) : alloc_string(name));
	}
	joined = strv_join(names, ",");
	return json_string(joined);
}

static json_t *local_volumes(const struct container *c)
{
	char *text autofree = NULL;
	int n = 0;

	for (size_t i = 0; i < c->n_mounts; i++)
		n += str_equal(c->mounts[i].type, "volume");
	text = alloc_printf("%d", n);
	return json_string(text);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *labels(char *const *map)
{
	char **list autostrv = NULL;
	char *joined autofree = NULL;

	for (; map && *map; map += 2)
		strv_addf(&list, "%s=%s", map[0], map[1]);
	if (list)
		qsort(list, strv_length(list), sizeof(*list), by_text);
	joined = strv_join(list, ",");
	return json_string(joined);
}

json_t *container_row(const struct container *c, bool truncate, const char *size)
{
	json_t *row = json_object();

	listing_put(row, "ID", alloc_string_n(c->id, truncate ? SHORT_ID : ENGINE_ID_SIZE));
	json_object_set_new(row, "Image", image(c, truncate));
	json_object_set_new(row, "Command", command(c, truncate));
	listing_put(row, "CreatedAt", human_time(c->created_ns));
	listing_put(row, "RunningFor", human_ago(c->created_ns));
	json_object_set_new(row, "Ports", json_string(""));
	json_object_set_new(row, "State", json_string(container_row_state(c->status)));
	listing_put(row, "Status", container_row_status(c));
	json_object_set_new(row, "Size", json_string(size));
	json_object_set_new(row, "Names", json_string(c->name));
	json_object_set_new(row, "Labels", labels(c->config.labels));
	json_object_set_new(row, "LocalVolumes", local_volumes(c));
	json_object_set_new(row, "Mounts", mounts(c, truncate));
	json_object_set_new(row, "Networks",
			    json_string(c->host.network_mode ? c->host.network_mode : ""));
	return row;
}

json_t *container_row_method(void *subject, const char *name, const char *argument)
{
	const struct container *c = subject;

	if (strcmp(name, "Label") != 0)
		return NULL;
	for (char **label = c->config.labels; label && *label; label += 2)
		if (strcmp(label[0], argument) == 0)
			return json_string(label[1]);
	return json_string("");
}
