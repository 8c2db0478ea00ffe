#include "base/digest.h"

#include <assert.h>
#include <dlfcn.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/str.h"

#include "base/banned.h"

/* The few functions of libcrypto (EVP_DigestInit(3)) that we call, found at run time. */
static struct {
	void *library;
	EVP_MD_CTX *(*context_new)(void);
	void (*context_free)(EVP_MD_CTX *);
	const EVP_MD *(*sha256)(void);
	int (*init)(EVP_MD_CTX *, const EVP_MD *, ENGINE *);
	int (*update)(EVP_MD_CTX *, const void *, size_t);
	int (*final)(EVP_MD_CTX *, unsigned char *, unsigned int *);
} crypto;

struct digest {
	EVP_MD_CTX *context;
};

static struct error *find(const char *name, void *ret_function)
{
	void *symbol = dlsym(crypto.library, name);

	if (!symbol)
		return error_new(ERROR_UNSUPPORTED, "libcrypto has no %s", name);
	memcpy(ret_function, &symbol, sizeof(symbol));
	return NULL;
}

static struct error *load(void)
{
	if (crypto.final) /* found last: all are there */
		return NULL;
	crypto.library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
	if (!crypto.library)
		return error_new(ERROR_UNSUPPORTED, "load libcrypto: %s", dlerror());
	TRY(find("EVP_MD_CTX_new", &crypto.context_new));
	TRY(find("EVP_MD_CTX_free", &crypto.context_free));
	TRY(find("EVP_sha256", &crypto.sha256));
	TRY(find("EVP_DigestInit_ex", &crypto.init));
	TRY(find("EVP_DigestUpdate", &crypto.update));
	return find("EVP_DigestFinal_ex", &crypto.final);
}

struct error *digest_new(struct digest **ret)
{
	struct digest *d autodigest = NULL;

	TRY(load());
	d = alloc_zeroed(1, sizeof(*d));
	d->context = crypto.context_new();
	if (!d->context || crypto.init(d->context, crypto.sha256(), NULL) != 1)
		return error_new(ERROR_SYSTEM, "libcrypto cannot start a SHA-256 digest");
	*ret = take(d);
	return NULL;
}

void digest_add(struct digest *d, const void *data, size_t length)
{
	int ok = length ? crypto.update(d->context, data, length) : 1;

	assert(ok == 1);
}

void digest_finish(struct digest *d, char text[DIGEST_SIZE])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	char *out = stpncpy(text, "sha256:", DIGEST_SIZE);
	int ok = crypto.final(d->context, bytes, &n);

	assert(ok == 1 && n == 32);
	for (unsigned int i = 0; i < n; i++) {
		*out++ = "0123456789abcdef"[bytes[i] >> 4];
		*out++ = "0123456789abcdef"[bytes[i] & 15];
	}
	*out = '\0';
}

void digest_free(struct digest *d)
{
	if (d && d->context)
		crypto.context_free(d->context);
	alloc_free_pointer(&d);
}

struct error *digest_of(const void *data, size_t length, char text[DIGEST_SIZE])
{
	struct digest *d autodigest = NULL;

	TRY(digest_new(&d));
	digest_add(d, data, length);
	digest_finish(d, text);
	return NULL;
}

bool digest_is_valid(const char *text)
{
	return text && strlen(text) == DIGEST_SIZE - 1 && str_has_prefix(text, "sha256:") &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

const char *digest_hex(const char *text)
{
	assert(digest_is_valid(text));
	return text + strlen("sha256:");
}
