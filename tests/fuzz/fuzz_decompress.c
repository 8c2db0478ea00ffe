/* Compressed bytes of any format, whole or not; the end is an error or as many bytes as it says. */
#include <assert.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "helpers/unpack/decompress.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int in autoclose = memfd_create("in", MFD_CLOEXEC);
	int out autoclose = open("/dev/null", O_WRONLY | O_CLOEXEC);
	uint64_t bytes = 0;
	struct error *err = fd_write_all(in, data, size);

	assert(!err && lseek(in, 0, SEEK_SET) == 0);
	err = decompress(in, out, &bytes);
	assert(!err || error_is(err, ERROR_BAD_INPUT));
	error_free(err);
	return 0;
}
