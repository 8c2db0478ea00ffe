/* image_inspect(): GET /images/{name}/json of the Docker Engine API 1.47. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/strv.h"
#include "image/catalog.h"
#include "image/config.h"
#include "image/store.h"

#include "base/banned.h"

static json_t *text_or_empty(const char *text)
{
	return json_string(text ? text : "");
}

/* What docker shows of a config even where the image does not say it. */
static json_t *full_config(const struct image_config *config)
{
	static const char *const booleans[] = { "AttachStdin", "AttachStdout", "AttachStderr",
						"Tty",	       "OpenStdin",    "StdinOnce",
						NULL };
	static const char *const nulls[] = { "Env",	"Cmd",	  "Volumes", "Entrypoint",
					     "OnBuild", "Labels", NULL };
	static const char *const empties[] = { "Hostname", "Domainname", "User",
					       "Image",	   "WorkingDir", NULL };
	json_t *value = json_encode(&image_config_type, config);

	for (size_t i = 0; booleans[i]; i++)
		json_object_set_new(value, booleans[i], json_false());
	for (size_t i = 0; nulls[i]; i++)
		if (!json_object_get(value, nulls[i]))
			json_object_set_new(value, nulls[i], json_null());
	for (size_t i = 0; empties[i]; i++)
		if (!json_object_get(value, empties[i]))
			json_object_set_new(value, empties[i], json_string(""));
	return value;
}

static json_t *loaded_time(const struct image *image)
{
	time_t seconds = (time_t)(image->loaded_ns / 1000000000);
	char text[32];
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	return json_sprintf("%s.%09ldZ", text, (long)(image->loaded_ns % 1000000000));
}

static json_t *inspect(const struct image *image)
{
	json_t *value = json_object();

	json_object_set_new(value, "Id", json_string(image->id));
	json_object_set_new(value, "RepoTags", json_texts(image->names));
	json_object_set_new(value, "RepoDigests", json_texts(image->digests));
	json_object_set_new(value, "Parent", json_string(""));
	json_object_set_new(value, "Comment", text_or_empty(image->comment));
	json_object_set_new(value, "Created", text_or_empty(image->created));
	json_object_set_new(value, "Author", text_or_empty(image->author));
	json_object_set_new(value, "DockerVersion", json_string(""));
	json_object_set_new(value, "Config", full_config(&image->config));
	json_object_set_new(value, "Architecture", text_or_empty(image->architecture));
	if (image->variant)
		json_object_set_new(value, "Variant", json_string(image->variant));
	json_object_set_new(value, "Os", text_or_empty(image->os));
	json_object_set_new(value, "Size", json_integer((json_int_t)image->size_bytes));
	json_object_set_new(value, "GraphDriver",
			    json_pack("{s:s, s:n}", "Name", "overlay", "Data"));
	json_object_set_new(value, "RootFS",
			    json_pack("{s:s, s:o}", "Type", "layers", "Layers",
				      json_texts(image->diff_ids)));
	json_object_set_new(value, "Metadata",
			    json_pack("{s:o}", "LastTagTime", loaded_time(image)));
	return value;
}

struct error *image_inspect(struct image_store *store, const char *ref, json_t **ret)
{
	struct image *image autoimage = NULL;

	TRY(image_find(store, ref, &image));
	*ret = inspect(image);
	return NULL;
}
