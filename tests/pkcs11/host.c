/* The program's beginning and end: modules that are loaded, lines that are read, answers that are
 * written. host.h says what a line is. */
#include "host.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_MODULES 4

struct loaded {
	void *library;
	CK_FUNCTION_LIST_PTR functions;
	CK_SESSION_HANDLE session;
};

/* PKCS#11 v3.1 s.5.4.4; p11-kit's header is of 2.40. */
struct interface {
	char *name;
	/* Lists of every kind begin with their version. */
	CK_FUNCTION_LIST_PTR functions;
	CK_FLAGS flags;
};

static struct loaded loaded[MOST_MODULES];
static size_t loaded_count;
static size_t in_use;
static FILE *answers;

CK_FUNCTION_LIST_PTR module;
CK_SESSION_HANDLE session;

_Noreturn void die(const char *format, ...)
{
	va_list rest;

	va_start(rest, format);
	fputs("ERROR ", answers);
	vfprintf(answers, format, rest);
	fputc('\n', answers);
	fflush(answers);
	va_end(rest);
	_Exit(2);
}

void say(const char *format, ...)
{
	va_list rest;

	va_start(rest, format);
	vfprintf(answers, format, rest);
	va_end(rest);
}

int say_rv(CK_RV rv, const char *function)
{
	say("%s", rv_name(rv));
	if (rv != CKR_OK)
		say(" %s", function);
	return rv == CKR_OK;
}

static void use(size_t index)
{
	if (index >= loaded_count || loaded[index].library == NULL)
		die("no module %zu", index);
	loaded[in_use].session = session;
	in_use = index;
	module = loaded[index].functions;
	session = loaded[index].session;
}

static void *symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (found == NULL)
		die("no %s", name);
	return found;
}

/* load PATH: one more module, which is then in use. */
static void load(const struct line *line)
{
	CK_C_GetFunctionList get_functions;
	struct loaded *next = &loaded[loaded_count];
	CK_RV rv;

	if (loaded_count == MOST_MODULES)
		die("too many modules");
	next->library = dlopen(need(line, 1), RTLD_NOW | RTLD_LOCAL);
	if (next->library == NULL)
		die("%s", dlerror());
	*(void **)&get_functions = symbol(next->library, "C_GetFunctionList");
	rv = get_functions(&next->functions);
	if (say_rv(rv, "C_GetFunctionList")) {
		use(loaded_count++);
		say(" %d.%d", module->version.major, module->version.minor);
	}
}

/* interfaces: names and versions of what the module in use offers. */
static void interfaces(const struct line *line)
{
	CK_RV (*get_interfaces)(struct interface *list, CK_ULONG *count);
	struct interface list[8];
	CK_ULONG count = 8;

	(void)line;
	*(void **)&get_interfaces = symbol(loaded[in_use].library, "C_GetInterfaceList");
	if (!say_rv(get_interfaces(list, &count), "C_GetInterfaceList"))
		return;
	for (CK_ULONG i = 0; i < count; i++) {
		const struct interface *one = &list[i];
		CK_VERSION version = one->functions->version;
		say(" %s=%d.%d", one->name, version.major, version.minor);
	}
}

/* symbols NAME...: which of these names the module in use gives to others. */
static void symbols(const struct line *line)
{
	say("CKR_OK");
	for (size_t i = 1; i < line->count; i++) {
		if (dlsym(loaded[in_use].library, line->word[i]) != NULL)
			say(" %s", line->word[i]);
	}
}

static void use_module(const struct line *line)
{
	use(number(need(line, 1)));
	say("CKR_OK");
}

/* unload: the module in use, which is then gone. */
static void unload(const struct line *line)
{
	(void)line;
	if (dlclose(loaded[in_use].library) != 0)
		die("%s", dlerror());
	loaded[in_use].library = NULL;
	module = NULL;
	session = CK_INVALID_HANDLE;
	say("CKR_OK");
}

static const struct command *find(const char *name);

static unsigned long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000UL + (unsigned long)now.tv_nsec / 1000000UL;
}

/* timed COMMAND...: runs it and says how long it took. */
static void timed(const struct line *line)
{
	const struct command *command = find(need(line, 1));
	struct line rest = { .count = line->count - 1 };
	unsigned long begun;

	memcpy(rest.word, line->word + 1, rest.count * sizeof rest.word[0]);
	begun = milliseconds();
	command->run(&rest);
	say(" took-ms=%lu", milliseconds() - begun);
}

static const struct command host_commands[] = {
	{ "load", load },
	{ "interfaces", interfaces },
	{ "symbols", symbols },
	{ "use", use_module },
	{ "unload", unload },
	{ "timed", timed },
	{ NULL, NULL },
};

static const struct command *find(const char *name)
{
	const struct command *all[] = { host_commands, slot_commands, object_commands,
					crowd_commands, process_commands };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		for (const struct command *one = all[i]; one->name != NULL; one++) {
			if (strcmp(one->name, name) == 0)
				return one;
		}
	}
	die("no command: %s", name);
}

/* %XX is a byte, so that words can have blanks in them. */
static void decode(char *word)
{
	char *to = word;

	for (const char *from = word; *from != '\0'; from++) {
		if (from[0] == '%' && isxdigit((unsigned char)from[1]) &&
		    isxdigit((unsigned char)from[2])) {
			char digits[3] = { from[1], from[2], '\0' };
			*to++ = (char)strtoul(digits, NULL, 16);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

static void split(struct line *line, char *text)
{
	char *rest = NULL;

	line->count = 0;
	for (char *word = strtok_r(text, " \n", &rest); word != NULL;
	     word = strtok_r(NULL, " \n", &rest)) {
		if (line->count == MOST_WORDS)
			die("too many words");
		decode(word);
		line->word[line->count++] = word;
	}
}

void run_lines(FILE *from, FILE *to)
{
	char *text = NULL;
	size_t size = 0;
	struct line line;

	answers = to;
	while (getline(&text, &size, from) >= 0) {
		split(&line, text);
		if (line.count == 0)
			continue;
		const struct command *command = find(line.word[0]);
		if (module == NULL && command->run != load)
			die("%s: no module is loaded", line.word[0]);
		command->run(&line);
		say("\n");
		fflush(answers);
	}
	free(text);
}

int main(void)
{
	run_lines(stdin, stdout);
	return 0;
}
