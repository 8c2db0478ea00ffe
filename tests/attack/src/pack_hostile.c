/*
 * A bulkhead-pack that a container's files have taken over. It confines itself as the real one
 * does, less the walls that the file "attack" of the tree names, does what that says, and tells how
 * it went:
 *
 *     ATTACK WALLS-LEFT-OUT WHAT ARGUMENT
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/msg.h"
#include "base/pack.h"
#include "base/unpack.h"
#include "gains.h"
#include "helpers/pack/walls.h"

static struct error *run(void)
{
	char line[512] = "", what[16] = "", argument[256] = "";
	struct confine walls = pack_walls_tree;
	int fd = openat(PACK_FD_TREE, "attack", O_RDONLY | O_CLOEXEC);
	unsigned int without = 0;

	if (fd < 0 || read(fd, line, sizeof(line) - 1) < 0)
		return error_sys("read the attack");
	close(fd);
	if (sscanf(line, "ATTACK %u %15s %255s", &without, what, argument) != 3)
		return error_new(ERROR_BUG, "no attack in the tree");
	walls.without = without;
	TRY(confine_process(&walls));
	return gains_try(what, argument);
}

int main(void)
{
	struct error *err = run();
	char frame[ERROR_FRAME_MAX];
	size_t length = error_encode(err, frame, sizeof(frame));

	error_free(err);
	error_ignore(msg_write(PACK_FD_REPORT, UNPACK_ERROR, frame, length), "nobody listens");
	_exit(1);
}
