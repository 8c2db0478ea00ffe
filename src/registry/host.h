/*
 * Where a registry is to be found: mirrors and the host itself, in the order in which they are
 * tried, each with the certificates that the administrator has put down for it
 * (docs.docker.com, "Verify repository client with certificates").
 */
#pragma once

#include "registry/registry.h"

struct endpoint {
	char *base; /* "https://registry-1.docker.io" */
	bool unverified;
	bool is_mirror;	  /* gets no login of the host it mirrors, and may lack what that has */
	bool is_doubtful; /* if it does not speak this protocol, the next one may */
};

struct endpoints {
	struct endpoint *list;
	size_t n;
};
void endpoints_done(struct endpoints *e) __attribute__((nonnull));

struct error *endpoints_find(const struct registry_options *options, const char *host,
			     struct endpoints *ret) __attribute__((nonnull, warn_unused_result));

/* Certificates for an endpoint: descriptors, -1 where there is none. */
struct certificates {
	int system_ca, registry_ca, certificate, key;
};
#define CERTIFICATES_NONE                                                                          \
	{                                                                                          \
		.system_ca = -1, .registry_ca = -1, .certificate = -1, .key = -1                   \
	}
void certificates_close(struct certificates *c) __attribute__((nonnull));
#define autocertificates __attribute__((cleanup(certificates_close)))

/*
 * Of certs.d/HOST[:PORT] in /etc/bulkhead, /etc/docker and /etc/containers, the first directory
 * that there is: *.crt, *.cert and *.key. A certificate without its key is an error, as with
 * docker.
 */
struct error *certificates_open(const char *base, struct certificates *ret)
	__attribute__((nonnull, warn_unused_result));
