#include "registry/host.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

#define DOCKER_HOST "docker.io"
#define CA_MAX (4 << 20)
#define DOCKER_BASE "https://registry-1.docker.io"

void endpoints_done(struct endpoints *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->list[i].base);
	free(e->list);
	*e = (struct endpoints){ 0 };
}

static struct endpoint *add(struct endpoints *e, char *base)
{
	e->list = alloc_resize(e->list, e->n + 1, sizeof(*e->list));
	e->list[e->n] = (struct endpoint){ .base = base };
	return &e->list[e->n++];
}

/* ---- which are insecure ---- */

/* @host without its port and without brackets; the caller frees. */
static char *bare_host(const char *host)
{
	const char *end;

	if (*host == '[') {
		end = strchr(host, ']');
		return end ? alloc_string_n(host + 1, (size_t)(end - host - 1))
			   : alloc_string(host);
	}
	end = strchr(host, ':');
	return end && !strchr(end + 1, ':') ? alloc_string_n(host, (size_t)(end - host))
					    : alloc_string(host);
}

static bool parse_address(const char *text, int *family, unsigned char bytes[16])
{
	*family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(*family, text, bytes) == 1;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned int n)
{
	unsigned int whole = n / 8, rest = n % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return !rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

/* Whether the address @host is in the block @cidr ("10.0.0.0/8"). */
static bool is_in_block(const char *host, const char *cidr)
{
	const char *slash = strchr(cidr, '/');
	char *network autofree = slash ? alloc_string_n(cidr, (size_t)(slash - cidr)) : NULL;
	unsigned char a[16], b[16];
	int family_a, family_b;
	uint64_t bits;
	struct error *err;

	if (!network || !parse_address(host, &family_a, a) ||
	    !parse_address(network, &family_b, b) || family_a != family_b)
		return false;
	err = str_parse_u64(slash + 1, 0, family_a == AF_INET ? 32 : 128, &bits);
	error_ignore(err, "no block, then");
	return !err && same_bits(a, b, (unsigned int)bits);
}

static bool is_loopback(const char *bare)
{
	return strcmp(bare, "localhost") == 0 || is_in_block(bare, "127.0.0.0/8") ||
	       strcmp(bare, "::1") == 0;
}

static bool is_named_insecure(const struct registry_options *o, const char *host, const char *bare)
{
	for (size_t i = 0; o->insecure && o->insecure[i]; i++)
		if (strcmp(o->insecure[i], host) == 0 || is_in_block(bare, o->insecure[i]))
			return true;
	return false;
}

/* ---- endpoints ---- */

/*
 * On this host itself http is asked first: nobody is in between, and most registries there speak
 * it. Elsewhere https is, though its certificate is not checked, so that a password travels in the
 * clear only where there is no other way.
 */
static void add_insecure(struct endpoints *e, const char *host, bool loopback)
{
	char *http = alloc_printf("http://%s", host), *https = alloc_printf("https://%s", host);

	*add(e, NULL) = (struct endpoint){
		.base = loopback ? http : https,
		.unverified = !loopback,
		.is_doubtful = true,
	};
	*add(e, NULL) = (struct endpoint){
		.base = loopback ? https : http,
		.unverified = loopback,
	};
}

static struct error *add_mirror(const struct registry_options *o, struct endpoints *e,
				const char *url)
{
	const char *host = strstr(url, "://");
	char *name autofree = NULL, *bare autofree = NULL;
	size_t length;

	if (!host || (!str_has_prefix(url, "https://") && !str_has_prefix(url, "http://")))
		return error_new(ERROR_BAD_INPUT, "mirror \"%s\": not an http or https URL", url);
	host += strlen("://");
	length = strcspn(host, "/");
	if (!length || (host[length] && strcmp(host + length, "/") != 0))
		return error_new(ERROR_BAD_INPUT, "mirror \"%s\": a host, and no path", url);
	name = alloc_string_n(host, length);
	bare = bare_host(name);
	if (str_has_prefix(url, "http://") && !is_loopback(bare) &&
	    !is_named_insecure(o, name, bare))
		return error_new(ERROR_REFUSED,
				 "mirror \"%s\": http, and not among the insecure registries", url);
	*add(e, NULL) = (struct endpoint){
		.base = alloc_string_n(url, (size_t)(host - url) + length),
		.unverified = is_named_insecure(o, name, bare),
		.is_mirror = true,
		.is_doubtful = true,
	};
	return NULL;
}

struct error *endpoints_find(const struct registry_options *o, const char *host,
			     struct endpoints *ret)
{
	char *bare autofree = bare_host(host);

	if (strcmp(host, DOCKER_HOST) == 0) {
		for (size_t i = 0; o->mirrors && o->mirrors[i]; i++)
			TRY(add_mirror(o, ret, o->mirrors[i]));
		add(ret, alloc_string(DOCKER_BASE));
		return NULL;
	}
	if (is_loopback(bare) || is_named_insecure(o, host, bare))
		add_insecure(ret, host, is_loopback(bare));
	else
		add(ret, alloc_printf("https://%s", host));
	return NULL;
}

/* ---- certificates ---- */

void certificates_close(struct certificates *c)
{
	fd_close(&c->system_ca);
	fd_close(&c->registry_ca);
	fd_close(&c->certificate);
	fd_close(&c->key);
}

/* Debian's and Arch's, Fedora's, OpenSUSE's, Alpine's. */
static const char *const system_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

static void open_system(int *ret)
{
	const char *own = getenv("SSL_CERT_FILE");

	if (own)
		*ret = open(own, O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; *ret < 0 && i < sizeof(system_bundles) / sizeof(*system_bundles); i++)
		*ret = open(system_bundles[i], O_RDONLY | O_CLOEXEC);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static struct error *open_one(int dir, const char *path, const char *name, int *ret)
{
	if (*ret >= 0) /* the first of a kind, by name */
		return NULL;
	*ret = openat(dir, name, O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? error_sys("open %s/%s", path, name) : NULL;
}

/* All of them count, so they become one file. */
static struct error *add_ca(int dir, const char *path, const char *name, int *all)
{
	struct buf b autobuf = BUF_MAX(CA_MAX);
	int fd autoclose = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys("open %s/%s", path, name);
	TRY(error_wrap(fd_read_all(fd, &b), "%s/%s", path, name));
	TRY(buf_add_text(&b, "\n"));
	if (*all < 0)
		*all = memfd_create("certificates", MFD_CLOEXEC);
	if (*all < 0)
		return error_sys("make a file for certificates");
	return fd_write_all(*all, b.data, b.length);
}

static struct error *open_named(int dir, const char *path, const char *name, struct certificates *c)
{
	const char *dot = strrchr(name, '.');

	if (!dot)
		return NULL;
	if (strcmp(dot, ".crt") == 0)
		return add_ca(dir, path, name, &c->registry_ca);
	if (strcmp(dot, ".cert") == 0)
		return open_one(dir, path, name, &c->certificate);
	if (strcmp(dot, ".key") == 0)
		return open_one(dir, path, name, &c->key);
	return NULL;
}

static struct error *open_directory(const char *path, struct certificates *c, bool *ret_found)
{
	int dir autoclose = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error *err = NULL;
	struct dirent **list;
	int n;

	*ret_found = dir >= 0;
	if (dir < 0)
		return errno == ENOENT ? NULL : error_sys("open %s", path);
	n = scandirat(dir, ".", &list, NULL, compare_names);
	if (n < 0)
		return error_sys("list %s", path);
	for (int i = 0; i < n; i++) {
		if (!err)
			err = open_named(dir, path, list[i]->d_name, c);
		free(list[i]);
	}
	free(list);
	TRY(err);
	if (c->registry_ca >= 0 && lseek(c->registry_ca, 0, SEEK_SET) < 0)
		return error_sys("read certificates");
	if ((c->certificate < 0) != (c->key < 0))
		return error_new(ERROR_BAD_INPUT,
				 "%s: a client certificate needs a .cert and a .key", path);
	return NULL;
}

struct error *certificates_open(const char *base, struct certificates *ret)
{
	static const char *const roots[] = { "/etc/bulkhead", "/etc/docker", "/etc/containers" };
	struct certificates c autocertificates = CERTIFICATES_NONE;
	const char *host = strstr(base, "://") + strlen("://");
	bool found = false;

	if (!str_has_prefix(base, "https://"))
		return NULL;
	open_system(&c.system_ca);
	/* docker's directory for its own hub has the name that images have */
	if (strcmp(base, DOCKER_BASE) == 0)
		host = DOCKER_HOST;
	for (size_t i = 0; !found && i < sizeof(roots) / sizeof(*roots); i++) {
		char *path autofree = alloc_printf("%s/certs.d/%s", roots[i], host);

		TRY(open_directory(path, &c, &found));
	}
	*ret = c;
	c = (struct certificates)CERTIFICATES_NONE;
	return NULL;
}
