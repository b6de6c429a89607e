// SPDX-License-Identifier: GPL-2.0
/* Functions that several outputs share. */
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dlilctl.h"

struct options options;
struct place place;

void print_color(enum color color, const char *text)
{
	static const char *const codes[] = {
		[COLOR_IFNAME] = "36",
		[COLOR_GOOD] = "32",
		[COLOR_BAD] = "31",
	};

	if (options.color)
		printf("\033[%sm%s\033[0m", codes[color], text);
	else
		fputs(text, stdout);
}

/* Time that only rises. */
long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static bool progress_is_shown;

/* After this time, a terminal shows how far a command is. */
#define PROGRESS_MS 500

/**
 * show_progress() - tell a terminal how far it is; nothing if it is soon over
 * @since: when it began
 * @done: number of devices that are done
 * @n: number of all
 */
void show_progress(long long since, size_t done, size_t n)
{
	if (!isatty(STDERR_FILENO) || now_ms() - since < PROGRESS_MS)
		return;
	fprintf(stderr, "\r%zu of %zu devices\033[K", done, n);
	progress_is_shown = true;
}

void hide_progress(void)
{
	if (progress_is_shown)
		fputs("\r\033[K", stderr);
	progress_is_shown = false;
}

/* Prints one line for the user; @what is Error or Warning. */
void complain(const char *what, const char *fmt, ...)
{
	va_list ap;

	hide_progress();
	fprintf(stderr, "%s: ", what);
	if (place.file)
		fprintf(stderr, "%s:%u: ", place.file, place.line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}
