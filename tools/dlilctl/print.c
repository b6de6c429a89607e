// SPDX-License-Identifier: GPL-2.0
/* Functions that several outputs share. */
#include <stdarg.h>
#include <stdlib.h>

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

/* Prints one line for the user; @what is Error or Warning. */
void complain(const char *what, const char *fmt, ...)
{
	va_list ap;

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
