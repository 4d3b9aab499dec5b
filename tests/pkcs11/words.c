/* The words of a line, and files with lines. */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *room(size_t bytes)
{
	void *memory = calloc(1, bytes + 1);

	if (memory == NULL)
		die("no memory for %zu bytes", bytes);
	return memory;
}

const char *need(const struct line *line, size_t index)
{
	if (index >= line->count)
		die("%s: word %zu is missing", line->word[0], index);
	return line->word[index];
}

const char *option(const struct line *line, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 1; i < line->count; i++) {
		const char *word = line->word[i];
		if (strncmp(word, name, length) == 0 && word[length] == '=')
			return word + length + 1;
	}
	return NULL;
}

int has(const struct line *line, const char *word)
{
	for (size_t i = 1; i < line->count; i++) {
		if (strcmp(line->word[i], word) == 0)
			return 1;
	}
	return 0;
}

unsigned long number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno != 0 || end == text || *end != '\0')
		die("no number: %s", text);
	return value;
}

unsigned char *contents(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes = NULL;
	size_t size = 0;

	*length = 0;
	if (file == NULL)
		die("%s: %s", path, strerror(errno));
	do {
		if (*length == size) {
			size = size * 2 + 4096;
			bytes = realloc(bytes, size + 1);
			if (bytes == NULL)
				die("no memory for %s", path);
		}
		*length += fread(bytes + *length, 1, size - *length, file);
	} while (!feof(file) && !ferror(file));
	if (ferror(file))
		die("%s can not be read", path);
	fclose(file);
	bytes[*length] = 0;
	return bytes;
}

char **file_lines(const char *path, size_t *count)
{
	FILE *file = fopen(path, "r");
	char **lines = NULL;
	char *line = NULL;
	size_t size = 0;

	*count = 0;
	if (file == NULL)
		die("%s: %s", path, strerror(errno));
	while (getline(&line, &size, file) >= 0) {
		lines = realloc(lines, (*count + 1) * sizeof *lines);
		if (lines == NULL)
			die("no memory for %s", path);
		line[strcspn(line, "\n")] = '\0';
		lines[(*count)++] = strcpy(room(strlen(line)), line);
	}
	free(line);
	fclose(file);
	return lines;
}

void free_lines(char **lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(lines[i]);
	free(lines);
}
