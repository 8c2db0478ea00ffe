/*
 * /proc/self/mountinfo, in which others write names: each line is its own, and names are what they
 * were before the kernel escaped them.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mountinfo.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(const struct mountinfo *m, const char *part, size_t size)
{
	return part >= m->text && part + strlen(part) <= m->text + size;
}

static void try_lines(const char *text, size_t size)
{
	struct mountinfo m automountinfo = { 0 };
	size_t lines = 1;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	mountinfo_parse(alloc_string(text), &m);
	assert(m.n <= lines);
	for (size_t i = 0; i < m.n; i++) {
		const struct mountinfo_line *one = &m.list[i];

		assert(is_within(&m, one->root, size) && is_within(&m, one->path, size));
		assert(is_within(&m, one->type, size) && is_within(&m, one->super, size));
		assert(!strpbrk(one->type, " \n") && !strchr(one->super, '\n'));
	}
}

/* As show_mountinfo() of fs/proc_namespace.c writes a name: then it comes back as it was. */
static void try_name(const char *name)
{
	struct mountinfo m automountinfo = { 0 };
	struct buf line autobuf = BUF_MAX(1 << 20);
	struct error *err = buf_printf(&line, "22 1 0:21 / ");

	for (const char *c = name; !err && *c; c++)
		err = buf_printf(&line, strchr(" \t\n\\", *c) ? "\\%03o" : "%c", (unsigned char)*c);
	if (!err)
		err = buf_printf(&line, " rw shared:1 - tmpfs none rw\n");
	assert(!err);
	mountinfo_parse(alloc_string(buf_text(&line)), &m);
	assert(m.n == 1 && strcmp(m.list[0].path, name) == 0);
	assert(strcmp(m.list[0].type, "tmpfs") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text autofree = alloc_string_n((const char *)data, size);

	try_lines(text, strlen(text));
	try_name(text);
	return 0;
}
