// SPDX-License-Identifier: GPL-2.0
/*
 * Prints one value of a JSON text:
 *
 *	jget PATH <JSON
 *
 * PATH consists of .KEY, [INDEX] and [KEY=TEXT], the first element of an array
 * with that member; a # at its end asks for the length of an array.  Strings
 * are printed without quotes, other values as JSON; `null` if there is no such
 * value.
 *
 * This is a small part of jq, which takes a quarter of a second to start on an
 * emulated processor, and tests run it hundreds of times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static void die(const char *what, const char *where)
{
	fprintf(stderr, "jget: %s: %s\n", what, where);
	exit(1);
}

static json_t *select_by(json_t *array, const char *key, const char *text)
{
	json_t *element;
	const char *s;
	size_t i;

	json_array_foreach(array, i, element) {
		s = json_string_value(json_object_get(element, key));
		if (s && !strcmp(s, text))
			return element;
	}
	return NULL;
}

/* The text in brackets ends at @end. */
static json_t *index_by(json_t *array, char *what, char *end)
{
	char *value;

	*end = '\0';
	value = strchr(what, '=');
	if (!value)
		return json_array_get(array, strtoul(what, NULL, 10));
	*value = '\0';
	return select_by(array, what, value + 1);
}

static json_t *find(json_t *at, char *path)
{
	char key[64];
	char *end;
	size_t n;

	while (*path && at) {
		if (*path == '[') {
			end = strchr(path, ']');
			if (!end)
				die("no ] in path", path);
			at = index_by(at, path + 1, end);
			path = end + 1;
			continue;
		}
		if (!strcmp(path, "#"))
			return json_integer(json_array_size(at));
		path += *path == '.';
		n = strcspn(path, ".[#");
		if (!n || n >= sizeof(key))
			die("bad path", path);
		memcpy(key, path, n);
		key[n] = '\0';
		at = json_object_get(at, key);
		path += n;
	}
	return at;
}

int main(int argc, char **argv)
{
	json_error_t error;
	json_t *root, *at;

	if (argc != 2)
		die("usage", "jget PATH <JSON");
	root = json_loadf(stdin, JSON_DECODE_ANY, &error);
	if (!root)
		die("not JSON", error.text);
	at = find(root, argv[1]);
	if (json_is_string(at))
		fputs(json_string_value(at), stdout);
	else if (at)
		json_dumpf(at, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
	else
		fputs("null", stdout);
	putchar('\n');
	json_decref(root);
	return 0;
}
