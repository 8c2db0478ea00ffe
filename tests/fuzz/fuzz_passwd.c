/*
 * oci/user.c: passwd(5) and group(5) as an image wrote them; the bytes are both files and the user,
 * parted by NUL.
 */
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "oci/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_zeroed(size + 3, 1); /* three strings, whatever the bytes are */
	const char *passwd = text, *group, *user;
	struct user u;
	struct error *err;

	if (size)
		memcpy(text, data, size);
	group = passwd + strlen(passwd) + 1;
	user = group <= text + size ? group + strlen(group) + 1 : "";
	if (user > text + size + 2)
		user = "";
	err = user_resolve_text(passwd, group <= text + size ? group : NULL, user, NULL, &u);
	if (!err)
		user_done(&u);
	error_free(err);
	return 0;
}
