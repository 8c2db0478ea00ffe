#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/human.h"
#include "cli/transfer.h"

#include "base/banned.h"

#define REDRAW_MS 80
#define SCREEN_MAX (256 << 10)
#define BAR_WIDTH 50
#define WIDTH_DEFAULT 80
#define HEIGHT_DEFAULT 24

struct row {
	char id[13];
	char *status;
	uint64_t done, total;
};

struct transfer_view {
	FILE *out;
	bool quiet, terminal;
	struct row *rows;
	size_t n;
	size_t drawn; /* lines on the screen that are ours to redraw */
	int64_t drawn_ms;
	bool stale; /* something changed since */
};

struct transfer_view *transfer_view_open(FILE *out, bool quiet)
{
	struct transfer_view *v = alloc_zeroed(1, sizeof(*v));

	v->out = out;
	v->quiet = quiet;
	v->terminal = !quiet && isatty(fileno(out));
	return v;
}

/* ---- a terminal ---- */

static void screen_size(const struct transfer_view *v, size_t *width, size_t *height)
{
	struct winsize size = { 0 };

	*width = WIDTH_DEFAULT;
	*height = HEIGHT_DEFAULT;
	if (ioctl(fileno(v->out), TIOCGWINSZ, &size) < 0)
		return;
	if (size.ws_col)
		*width = size.ws_col;
	if (size.ws_row > 2)
		*height = size.ws_row;
}

/* "[=====>      ]  1.2MB/3.4MB", the bar left out where the line is too short for it. */
static struct error *add_progress(struct buf *b, const struct row *r, size_t room)
{
	char *done autofree = human_size(r->done), *total autofree = human_size(r->total);
	size_t numbers = strlen(done) + strlen(total) + 5, width = BAR_WIDTH, filled;

	if (room < numbers)
		return NULL;
	if (width + numbers > room)
		width = room - numbers;
	if (width < 10)
		return buf_printf(b, " %s/%s", done, total);
	filled = (size_t)((double)r->done / (double)r->total * (double)width);
	if (filled >= width)
		filled = width - 1;
	TRY(buf_add_text(b, " ["));
	for (size_t i = 0; i < width; i++)
		TRY(buf_add_text(b, i < filled ? "=" : i == filled ? ">" : " "));
	return buf_printf(b, "] %s/%s", done, total);
}

static struct error *add_row(struct buf *b, const struct row *r, size_t width)
{
	struct buf line autobuf = BUF_MAX(4096);
	size_t room;

	TRY(buf_printf(&line, "%s: %s", r->id, r->status));
	room = width > line.length + 1 ? width - line.length - 1 : 0;
	if (r->total && room)
		TRY(add_progress(&line, r, room));
	if (line.length >= width)
		line.length = width - 1;
	TRY(buf_add(b, buf_text(&line), line.length));
	return buf_add_text(b, "\033[K\r\n"); /* clears to the end of the line: no flicker */
}

static bool is_going_on(const struct row *r)
{
	return r->total || strcmp(r->status, "Waiting") == 0;
}

/* All rows; where the screen is too low, those that something happens in, then the last. */
static struct error *draw(struct transfer_view *v)
{
	struct buf b autobuf = BUF_MAX(SCREEN_MAX);
	size_t width, height, lines = 0, left;

	screen_size(v, &width, &height);
	if (v->drawn)
		TRY(buf_printf(&b, "\033[%zuA", v->drawn));
	left = v->n;
	for (size_t i = 0; i < v->n; i++, left--) {
		bool fits = lines + left <= height - 1;

		if (!fits && !is_going_on(&v->rows[i]))
			continue;
		if (lines == height - 1)
			break;
		TRY(add_row(&b, &v->rows[i], width));
		lines++;
	}
	if (lines < v->drawn)
		TRY(buf_add_text(&b, "\033[J"));
	fwrite(buf_text(&b), 1, b.length, v->out);
	fflush(v->out);
	v->drawn = lines;
	v->drawn_ms = clock_ms();
	v->stale = false;
	return NULL;
}

static void redraw(struct transfer_view *v)
{
	error_ignore(draw(v), "it was only to be looked at");
}

/* ---- rows ---- */

static struct row *find_row(struct transfer_view *v, const char *id)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->rows[i].id, id) == 0)
			return &v->rows[i];
	v->rows = alloc_resize(v->rows, v->n + 1, sizeof(*v->rows));
	v->rows[v->n] = (struct row){ .status = alloc_string("") };
	memcpy(v->rows[v->n].id, id, strnlen(id, sizeof(v->rows->id) - 1) + 1);
	return &v->rows[v->n++];
}

void transfer_view_watch(void *view, const struct image_event *event)
{
	struct transfer_view *v = view;
	struct row *row;
	bool changed;

	if (v->quiet || !event->id)
		return;
	row = find_row(v, event->id);
	changed = strcmp(row->status, event->status) != 0;
	if (changed) {
		free(row->status);
		row->status = alloc_string(event->status);
	}
	row->done = event->done_bytes;
	row->total = event->total_bytes;
	if (!v->terminal) {
		if (changed && !is_going_on(row))
			fprintf(v->out, "%s: %s\n", row->id, row->status);
		return;
	}
	v->stale = true;
	if (changed || clock_ms() - v->drawn_ms >= REDRAW_MS)
		redraw(v);
}

static void forget_rows(struct transfer_view *v)
{
	if (v->terminal && v->stale)
		redraw(v);
	for (size_t i = 0; i < v->n; i++)
		free(v->rows[i].status);
	free(v->rows);
	v->rows = NULL;
	v->n = v->drawn = 0;
}

/* A line begins a new part: what was drawn stays above it. */
void transfer_view_said(void *view, const char *line)
{
	struct transfer_view *v = view;

	if (v->quiet)
		return;
	forget_rows(v);
	fprintf(v->out, "%s\n", line);
	fflush(v->out);
}

void transfer_view_close(struct transfer_view *v)
{
	if (!v)
		return;
	forget_rows(v);
	free(v);
}
