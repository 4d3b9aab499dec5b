/* Objects: searches, attributes, codes, and what is brought in. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#define MOST_PAGE 1024

static CK_OBJECT_HANDLE last_found = CK_INVALID_HANDLE;

CK_OBJECT_HANDLE object_named(const char *word)
{
	return strcmp(word, "found") == 0 ? last_found : number(word);
}

static void say_bytes(const unsigned char *bytes, CK_ULONG length)
{
	for (CK_ULONG i = 0; i < length; i++)
		say("%02x", bytes[i]);
}

static CK_RV find_init(const struct line *line)
{
	struct template wanted;
	CK_RV rv;

	read_template(&wanted, line, 1);
	rv = module->C_FindObjectsInit(session, wanted.attribute, wanted.count);
	free_template(&wanted);
	return rv;
}

/* find CKA_...=VALUE... [page=NUMBER] [limit=NUMBER]: what fits, asked for by so many at a time. */
static void find(const struct line *line)
{
	const char *page_word = option(line, "page");
	const char *limit_word = option(line, "limit");
	CK_ULONG page = page_word == NULL ? 64 : number(page_word);
	CK_ULONG limit = limit_word == NULL ? (CK_ULONG)-1 : number(limit_word);
	CK_OBJECT_HANDLE *found = room(page * sizeof *found);
	CK_ULONG all = 0;
	CK_ULONG count = 0;
	CK_OBJECT_HANDLE *list = NULL;
	CK_RV rv = find_init(line);

	if (rv != CKR_OK) {
		say_rv(rv, "C_FindObjectsInit");
		free(found);
		return;
	}
	do {
		rv = module->C_FindObjects(session, found, page, &count);
		if (rv != CKR_OK || count == 0)
			break;
		list = realloc(list, (all + count) * sizeof *list);
		if (list == NULL)
			die("no memory for %lu handles", all);
		memcpy(list + all, found, count * sizeof *found);
		all += count;
	} while (all < limit);
	free(found);
	if (rv != CKR_OK) {
		module->C_FindObjectsFinal(session);
		say_rv(rv, "C_FindObjects");
	} else if (say_rv(module->C_FindObjectsFinal(session), "C_FindObjectsFinal")) {
		last_found = all > 0 ? list[0] : CK_INVALID_HANDLE;
		for (CK_ULONG i = 0; i < all; i++)
			say(" %lu", list[i]);
	}
	free(list);
}

static void find_begin(const struct line *line)
{
	say_rv(find_init(line), "C_FindObjectsInit");
}

/* find-next NUMBER: at most so many. */
static void find_next(const struct line *line)
{
	CK_OBJECT_HANDLE found[MOST_PAGE];
	CK_ULONG count = 0;
	CK_ULONG most = number(need(line, 1));

	if (most > MOST_PAGE)
		die("at most %d at a time", MOST_PAGE);
	if (!say_rv(module->C_FindObjects(session, found, most, &count), "C_FindObjects"))
		return;
	for (CK_ULONG i = 0; i < count; i++)
		say(" %lu", found[i]);
}

static void find_end(const struct line *line)
{
	(void)line;
	say_rv(module->C_FindObjectsFinal(session), "C_FindObjectsFinal");
}

/* get HANDLE NAME...: NAME=HEX, NAME=- where it is not told or not there. The return value is the one of
 * the call that asks for all lengths. */
static void get(const struct line *line)
{
	CK_ATTRIBUTE list[MOST_WORDS];
	CK_ULONG count = line->count - 2;
	CK_OBJECT_HANDLE object = object_named(need(line, 1));
	CK_RV rv;

	for (CK_ULONG i = 0; i < count; i++)
		list[i] = (CK_ATTRIBUTE){ attribute_named(line->word[i + 2]), NULL, 0 };
	rv = module->C_GetAttributeValue(session, object, list, count);
	say("%s", rv_name(rv));
	if (rv != CKR_OK && rv != CKR_ATTRIBUTE_SENSITIVE && rv != CKR_ATTRIBUTE_TYPE_INVALID)
		return;
	for (CK_ULONG i = 0; i < count; i++) {
		CK_ULONG length = 0;
		unsigned char *value = NULL;
		if (list[i].ulValueLen != (CK_ULONG)-1)
			value = attribute_value(object, list[i].type, &length);
		say(" %s=", line->word[i + 2]);
		if (value == NULL)
			say("-");
		else
			say_bytes(value, length);
		free(value);
	}
}

/* create CKA_...=VALUE... */
static void create(const struct line *line)
{
	struct template template;
	CK_OBJECT_HANDLE object;
	CK_RV rv;

	read_template(&template, line, 1);
	rv = module->C_CreateObject(session, template.attribute, template.count, &object);
	free_template(&template);
	if (say_rv(rv, "C_CreateObject"))
		say(" %lu", object);
}

/* unwrap MECHANISM KEY FILE [oaep=HASH] [bytes=VALUE] CKA_...=VALUE... */
static void unwrap(const struct line *line)
{
	struct mechanism mechanism;
	struct template template;
	CK_OBJECT_HANDLE object;
	size_t length;
	unsigned char *wrapped = contents(need(line, 3), &length);
	CK_OBJECT_HANDLE key = object_named(need(line, 2));
	CK_RV rv;

	read_mechanism(&mechanism, line, need(line, 1));
	read_template(&template, line, 4);
	rv = module->C_UnwrapKey(session, &mechanism.call, key, wrapped, length,
				 template.attribute, template.count, &object);
	free_template(&template);
	free_mechanism(&mechanism);
	free(wrapped);
	if (say_rv(rv, "C_UnwrapKey"))
		say(" %lu", object);
}

static void destroy(const struct line *line)
{
	say_rv(module->C_DestroyObject(session, object_named(need(line, 1))), "C_DestroyObject");
}

/* set HANDLE CKA_...=VALUE... */
static void set(const struct line *line)
{
	struct template template;
	CK_OBJECT_HANDLE object = object_named(need(line, 1));
	CK_RV rv;

	read_template(&template, line, 2);
	rv = module->C_SetAttributeValue(session, object, template.attribute, template.count);
	free_template(&template);
	say_rv(rv, "C_SetAttributeValue");
}

static CK_RV verify_init(const struct line *line)
{
	struct mechanism mechanism;
	CK_RV rv;

	read_mechanism(&mechanism, line, need(line, 1));
	rv = module->C_VerifyInit(session, &mechanism.call, object_named(need(line, 2)));
	free_mechanism(&mechanism);
	return rv;
}

static void say_verdict(const char *code)
{
	CK_RV rv = module->C_Verify(session, NULL, 0, (CK_BYTE_PTR)code, strlen(code));

	say_rv(rv, "C_Verify");
}

/* verify MECHANISM KEY CODE [params=none] [next] [counter=N] [challenge=TEXT] [challenge-of=HANDLE] */
static void verify(const struct line *line)
{
	CK_RV rv = verify_init(line);

	if (rv == CKR_OK)
		say_verdict(need(line, 3));
	else
		say_rv(rv, "C_VerifyInit");
}

/* The two calls of verify, one by one: verify-init MECHANISM KEY, verify-code CODE. */
static void verify_begin(const struct line *line)
{
	say_rv(verify_init(line), "C_VerifyInit");
}

static void verify_code(const struct line *line)
{
	say_verdict(need(line, 1));
}

/* verify-data CODE: with data, which no one-time password has. */
static void verify_data(const struct line *line)
{
	const char *code = need(line, 1);
	CK_BYTE data[] = "data";
	CK_RV rv = module->C_Verify(session, data, sizeof data, (CK_BYTE_PTR)code, strlen(code));

	say_rv(rv, "C_Verify");
}

/* sign-init MECHANISM KEY */
static void sign_begin(const struct line *line)
{
	struct mechanism mechanism;
	CK_RV rv;

	read_mechanism(&mechanism, line, need(line, 1));
	rv = module->C_SignInit(session, &mechanism.call, object_named(need(line, 2)));
	free_mechanism(&mechanism);
	say_rv(rv, "C_SignInit");
}

const struct command object_commands[] = {
	{ "find", find },
	{ "find-init", find_begin },
	{ "find-next", find_next },
	{ "find-final", find_end },
	{ "get", get },
	{ "set", set },
	{ "create", create },
	{ "unwrap", unwrap },
	{ "destroy", destroy },
	{ "verify", verify },
	{ "verify-init", verify_begin },
	{ "verify-code", verify_code },
	{ "verify-data", verify_data },
	{ "sign-init", sign_begin },
	{ NULL, NULL },
};
