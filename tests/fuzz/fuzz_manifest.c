/*
 * The documents of an archive: the first byte chooses between an index, a manifest, docker's
 * manifest.json and an image config.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/strv.h"
#include "image/config.h"
#include "image/manifest.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_index(const char *text, size_t length)
{
	struct oci_index index autoindex = { 0 };
	struct error *err = manifest_decode_index(text, length, &index);

	for (size_t i = 0; i < index.n_manifests; i++) {
		assert(digest_is_valid(index.manifests[i].digest));
		(void)manifest_is_index(&index.manifests[i]);
		(void)manifest_annotation(&index.manifests[i], "key");
	}
	error_free(err);
}

static void try_manifest(const char *text, size_t length)
{
	struct oci_manifest manifest automanifest = { 0 };
	struct error *err = manifest_decode(text, length, &manifest);

	assert(err || digest_is_valid(manifest.config.digest));
	for (size_t i = 0; i < manifest.n_layers; i++)
		assert(digest_is_valid(manifest.layers[i].digest));
	error_free(err);
}

static void try_docker(const char *text, size_t length)
{
	struct docker_manifest manifest autodocker = { 0 };
	struct error *err = manifest_decode_docker(text, length, &manifest);

	for (size_t i = 0; i < manifest.n_images; i++)
		assert(manifest.images[i].config);
	error_free(err);
}

static void try_config(const char *text, size_t length)
{
	struct config_file config autoconfig = { 0 };
	char **chain autostrv = NULL;
	struct error *err = config_decode(text, length, &config);

	if (!err)
		err = config_chain(config.rootfs.diff_ids, &chain);
	assert(err || strv_length(chain) == strv_length(config.rootfs.diff_ids));
	error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const char *text, size_t length) = {
		try_index,
		try_manifest,
		try_docker,
		try_config,
	};
	const char *text = (const char *)data + 1;

	if (size)
		tries[data[0] % 4](text, size - 1);
	return 0;
}
