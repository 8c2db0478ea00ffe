#include "image/platform.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "image/config.h"

#include "base/banned.h"

/* Other names of architectures (containerd, platforms/database.go). */
static const struct {
	const char *name, *architecture, *variant;
} aliases[] = {
	{ "x86_64", "amd64", NULL }, { "x86-64", "amd64", NULL },  { "i386", "386", NULL },
	{ "i686", "386", NULL },     { "aarch64", "arm64", NULL }, { "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },
};

static const char *const architectures[] = { "amd64",  "386",	  "arm64",    "arm",  "ppc64le",
					     "s390x",  "riscv64", "mips64le", "mips", "mipsle",
					     "mips64", "loong64", "ppc64" };

struct platform platform_host(void)
{
	return (struct platform){
		.os = (char *)"linux",
		.architecture = (char *)config_host_architecture(),
	};
}

struct platform platform_of(const struct image *image)
{
	return (struct platform){
		.os = image->os,
		.architecture = image->architecture,
		.variant = image->variant,
	};
}

struct platform config_platform(const struct config_file *config)
{
	return (struct platform){
		.os = config->os,
		.architecture = config->architecture,
		.variant = config->variant,
	};
}

void platform_done(struct platform *p)
{
	free(p->architecture);
	free(p->os);
	free(p->variant);
	*p = (struct platform){ 0 };
}

static bool is_architecture(const char *text)
{
	for (size_t i = 0; i < sizeof(architectures) / sizeof(*architectures); i++)
		if (strcmp(architectures[i], text) == 0)
			return true;
	return false;
}

static struct error *bad_platform(const char *text)
{
	char *quoted autofree = str_quote(text);

	return error_new(ERROR_BAD_INPUT,
			 "platform %s: not linux/ARCHITECTURE[/VARIANT] of a known architecture",
			 quoted);
}

struct error *platform_parse(const char *text, struct platform *ret)
{
	char **parts autostrv = strv_split(text, '/');
	size_t n = strv_length(parts), at = n == 1 ? 0 : 1;
	const char *architecture, *variant;

	if (n < 1 || n > 3 || (n > 1 && strcmp(parts[0], "linux") != 0))
		return bad_platform(text);
	architecture = parts[at];
	variant = n == 3 ? parts[2] : NULL;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++) {
		if (strcmp(aliases[i].name, architecture) != 0)
			continue;
		architecture = aliases[i].architecture;
		variant = variant ? variant : aliases[i].variant;
		break;
	}
	if (!is_architecture(architecture) || (variant && (*variant != 'v' || !variant[1])))
		return bad_platform(text);
	ret->os = alloc_string("linux");
	ret->architecture = alloc_string(architecture);
	ret->variant = alloc_string(variant);
	return NULL;
}

/* "v8" is what arm64 is without a variant, "v7" what arm is, "v1" amd64. */
static const char *full_variant(const struct platform *p)
{
	if (!str_is_empty(p->variant))
		return p->variant;
	if (str_equal(p->architecture, "arm64"))
		return "v8";
	if (str_equal(p->architecture, "arm"))
		return "v7";
	return str_equal(p->architecture, "amd64") ? "v1" : "";
}

/* How well @has does for @wanted: 0 not at all; an older variant runs too, the nearest is best. */
static int fitness(const struct platform *wanted, const struct platform *has)
{
	const char *a = full_variant(wanted), *b = full_variant(has);

	if (!str_equal(wanted->os, has->os) || !str_equal(wanted->architecture, has->architecture))
		return 0;
	if (strcmp(a, b) == 0)
		return 100;
	if (a[0] != 'v' || b[0] != 'v' || b[1] > a[1] || b[2] || a[2])
		return 0;
	return 100 - (a[1] - b[1]);
}

bool platform_matches(const struct platform *wanted, const struct platform *has)
{
	return fitness(wanted, has) > 0;
}

const struct descriptor *platform_choose(const struct oci_index *index,
					 const struct platform *wanted)
{
	const struct descriptor *chosen = NULL;
	int best = 1;

	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct descriptor *d = &index->manifests[i];
		int fit = d->platform ? fitness(wanted, d->platform) : 0;

		if (fit < best)
			continue;
		best = fit;
		chosen = d;
	}
	if (!chosen && index->n_manifests == 1 && !index->manifests[0].platform)
		return &index->manifests[0];
	return chosen;
}

bool platform_is_none(const struct descriptor *d)
{
	return d->platform && str_equal(d->platform->os, "unknown");
}

char *platform_text(const struct platform *p)
{
	return alloc_printf("%.32s/%.32s%s%.32s", p->os ? p->os : "unknown",
			    p->architecture ? p->architecture : "unknown",
			    str_is_empty(p->variant) ? "" : "/", p->variant ? p->variant : "");
}

struct error *platform_missing(const struct oci_index *index, const struct platform *wanted)
{
	char **present autostrv = NULL;
	char *list autofree = NULL, *name autofree = platform_text(wanted);

	for (size_t i = 0; i < index->n_manifests; i++)
		if (index->manifests[i].platform && !platform_is_none(&index->manifests[i]))
			strv_add_owned(&present, platform_text(index->manifests[i].platform));
	list = strv_join(present, ", ");
	return error_new(ERROR_UNSUPPORTED, "no image for %s, only for %s", name,
			 *list ? list : "no platform");
}

struct error *image_is_for(const struct image *image, const char *platform, bool *ret)
{
	struct platform wanted autoplatform = { 0 };
	const struct platform has = platform_of(image);

	TRY(platform_parse(platform, &wanted));
	*ret = platform_matches(&wanted, &has);
	return NULL;
}
