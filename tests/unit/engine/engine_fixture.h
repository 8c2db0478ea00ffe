/* An engine in a directory of its own, over the image store of fake_image.h. */
#pragma once

#include "base/path.h"
#include "base/strv.h"
#include "engine/alive.h"
#include "engine/types.h"
#include "unit/engine/fake_image.h"
#include "unit/test.h"

struct fixture {
	char path[32];
	int dir;
	char *root, *state;
	struct engine *e;
};

static inline void fixture_open(struct fixture *f)
{
	assert_ok(engine_open(f->root, f->state, &f->e));
}

static inline int fixture_set_up(void **state)
{
	struct fixture *f = alloc_zeroed(1, sizeof(*f));

	f->dir = test_make_dir(f->path);
	f->root = alloc_printf("%s/root", f->path);
	f->state = alloc_printf("%s/state", f->path);
	fixture_open(f);
	*state = f;
	return 0;
}

static inline int fixture_tear_down(void **state)
{
	struct fixture *f = *state;

	engine_close(f->e);
	close(f->dir);
	assert_ok(path_remove_tree(AT_FDCWD, f->path));
	free(f->root);
	free(f->state);
	free(f);
	return 0;
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

/* Creates a container from the image with the members of HostConfig in @host ("{}" for none). */
static inline struct error *fixture_create(struct fixture *f, const char *name, const char *host,
					   char id[ENGINE_ID_SIZE])
{
	struct create_request request = { .name = name };
	char **warnings autostrv = NULL;
	struct error *err;

	request.config.image = alloc_string("busy");
	assert_ok(json_decode_text(&host_config_type, host, strlen(host), &request.host));
	err = engine_create(f->e, &request, id, &warnings);
	json_done(&container_config_type, &request.config);
	json_done(&host_config_type, &request.host);
	return err;
}
