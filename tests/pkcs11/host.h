/* A program that loads PKCS#11 modules and does with them what it is told, line by line. It stands for
 * the hosts that a module meets: with threads, with forks, with other modules beside it.
 *
 * Not responsible for what answer is right: that the tests know.
 *
 * A line is a command, words, and options NAME=VALUE, in all of which %XX stands for a byte. Each line is
 * answered with one line: the return value's name, the function that gave it where it is not CKR_OK, and
 * what there is to tell. What can not be done at all ends the program with "ERROR" and status 2. */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>
#include <stdio.h>

#include <p11-kit/pkcs11.h>

/* p11-kit's header has the structure of CK_RSA_PKCS_OAEP_PARAMS, but not this constant. */
#ifndef CKZ_DATA_SPECIFIED
#define CKZ_DATA_SPECIFIED 1UL
#endif

#define MOST_WORDS 64
#define MOST_ATTRIBUTES 32

/* A command and its words. */
struct line {
	size_t count;
	char *word[MOST_WORDS];
};

/* A template with the memory that its values lie in. */
struct template {
	CK_ULONG count;
	CK_ATTRIBUTE attribute[MOST_ATTRIBUTES];
};

/* A mechanism with the memory that its parameter lies in. */
struct mechanism {
	CK_MECHANISM call;
	CK_OTP_PARAMS otp;
	CK_OTP_PARAM param[8];
	CK_RSA_PKCS_OAEP_PARAMS oaep;
	unsigned char *bytes[8];
	size_t blocks;
};

struct command {
	const char *name;
	void (*run)(const struct line *line);
};

/* host.c: the module in use, its session, and what is written. */
extern CK_FUNCTION_LIST_PTR module;
extern CK_SESSION_HANDLE session;
void run_lines(FILE *from, FILE *to);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says a return value; whether it is CKR_OK. */
int say_rv(CK_RV rv, const char *function);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* words.c: what is in a line, and in files. */
const char *need(const struct line *line, size_t index);
const char *option(const struct line *line, const char *name);
int has(const struct line *line, const char *word);
unsigned long number(const char *text);
unsigned char *contents(const char *path, size_t *length);
char **file_lines(const char *path, size_t *count);
void free_lines(char **lines, size_t count);
void *room(size_t bytes);

/* names.c: the names of numbers. */
const char *rv_name(CK_RV rv);
CK_ATTRIBUTE_TYPE attribute_named(const char *name);
CK_MECHANISM_TYPE mechanism_named(const char *name);

/* values.c: templates and mechanisms, from the words of a line. */
void read_template(struct template *template, const struct line *line, size_t from);
void free_template(struct template *template);
void read_mechanism(struct mechanism *mechanism, const struct line *line, const char *name);
void free_mechanism(struct mechanism *mechanism);
/* The value of an attribute, ended by a zero byte; NULL where it can not be had. */
unsigned char *attribute_value(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE kind, CK_ULONG *length);

/* objects.c: a handle, or "found": the first one of the last search. */
CK_OBJECT_HANDLE object_named(const char *word);

/* Commands. */
extern const struct command slot_commands[];
extern const struct command object_commands[];
extern const struct command crowd_commands[];
extern const struct command process_commands[];

#endif
