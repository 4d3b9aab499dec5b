/* Templates and mechanisms, from the words of a line. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

static unsigned char *from_hex(const char *text, size_t *length)
{
	unsigned char *bytes = room(strlen(text) / 2);

	for (*length = 0; text[2 * *length] != '\0'; (*length)++) {
		char digits[3] = { text[2 * *length], text[2 * *length + 1], '\0' };
		char *end;
		bytes[*length] = (unsigned char)strtoul(digits, &end, 16);
		if (end != digits + 2)
			die("not hexadecimal: %s", text);
	}
	return bytes;
}

/* A value: true, false, #NUMBER, hex:BYTES, @FILE, or the text itself. */
static unsigned char *value(const char *text, size_t *length)
{
	unsigned char *bytes;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		bytes = room(*length = sizeof(CK_BBOOL));
		bytes[0] = text[0] == 't' ? CK_TRUE : CK_FALSE;
	} else if (text[0] == '#') {
		CK_ULONG n = number(text + 1);
		bytes = room(*length = sizeof n);
		memcpy(bytes, &n, sizeof n);
	} else if (strncmp(text, "hex:", 4) == 0) {
		bytes = from_hex(text + 4, length);
	} else if (text[0] == '@') {
		bytes = contents(text + 1, length);
	} else {
		*length = strlen(text);
		bytes = memcpy(room(*length), text, *length);
	}
	return bytes;
}

void read_template(struct template *template, const struct line *line, size_t from)
{
	template->count = 0;
	for (size_t i = from; i < line->count; i++) {
		const char *word = line->word[i];
		const char *equals = strchr(word, '=');
		CK_ATTRIBUTE *attribute = &template->attribute[template->count];
		char name[64] = "";
		size_t length;

		if (strncmp(word, "CKA_", 4) != 0 && strncmp(word, "0x", 2) != 0)
			continue;
		if (equals == NULL || (size_t)(equals - word) >= sizeof name)
			die("no attribute: %s", word);
		if (template->count == MOST_ATTRIBUTES)
			die("too many attributes");
		memcpy(name, word, (size_t)(equals - word));
		attribute->type = attribute_named(name);
		attribute->pValue = value(equals + 1, &length);
		attribute->ulValueLen = length;
		template->count++;
	}
}

void free_template(struct template *template)
{
	for (CK_ULONG i = 0; i < template->count; i++)
		free(template->attribute[i].pValue);
}

unsigned char *attribute_value(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE kind, CK_ULONG *length)
{
	CK_ATTRIBUTE attribute = { kind, NULL, 0 };
	CK_RV rv = module->C_GetAttributeValue(session, object, &attribute, 1);

	if (rv != CKR_OK || attribute.ulValueLen == (CK_ULONG)-1)
		return NULL;
	attribute.pValue = room(attribute.ulValueLen);
	rv = module->C_GetAttributeValue(session, object, &attribute, 1);
	if (rv != CKR_OK) {
		free(attribute.pValue);
		return NULL;
	}
	*length = attribute.ulValueLen;
	return attribute.pValue;
}

static void add(struct mechanism *mechanism, CK_ULONG type, unsigned char *bytes, size_t length)
{
	CK_OTP_PARAM *param = &mechanism->param[mechanism->otp.ulCount++];

	param->type = type;
	param->pValue = bytes;
	param->ulValueLen = length;
	mechanism->bytes[mechanism->blocks++] = bytes;
}

static void add_text(struct mechanism *mechanism, CK_ULONG type, const char *text)
{
	size_t length;
	unsigned char *bytes = value(text, &length);

	add(mechanism, type, bytes, length);
}

/* CK_OTP_PARAMS: challenge=TEXT or challenge-of=HANDLE, counter=NUMBER (eight bytes, the highest first),
 * next, and others by their number: param:N=VALUE. */
static void read_otp(struct mechanism *mechanism, const struct line *line)
{
	const char *counter = option(line, "counter");
	const char *challenge = option(line, "challenge");
	const char *object = option(line, "challenge-of");

	if (counter != NULL) {
		unsigned long n = number(counter);
		unsigned char *bytes = room(8);
		for (int i = 7; i >= 0; i--, n >>= 8)
			bytes[i] = (unsigned char)(n & 0xFF);
		add(mechanism, CK_OTP_COUNTER, bytes, 8);
	}
	if (challenge != NULL)
		add_text(mechanism, CK_OTP_CHALLENGE, challenge);
	if (object != NULL) {
		CK_ULONG length = 0;
		CK_ATTRIBUTE_TYPE kind = attribute_named("CKA_WARIFU_QUESTION");
		unsigned char *question = attribute_value(number(object), kind, &length);
		if (question == NULL)
			die("object %s has no question", object);
		add(mechanism, CK_OTP_CHALLENGE, question, length);
	}
	if (has(line, "next")) {
		char flag[32];
		snprintf(flag, sizeof flag, "#%lu", CKF_NEXT_OTP);
		add_text(mechanism, CK_OTP_FLAGS, flag);
	}
	for (size_t i = 1; i < line->count && mechanism->blocks < 8; i++) {
		const char *equals = strchr(line->word[i], '=');
		char type[32] = "";
		if (strncmp(line->word[i], "param:", 6) != 0 || equals == NULL)
			continue;
		snprintf(type, sizeof type, "%.*s", (int)(equals - line->word[i] - 6),
			 line->word[i] + 6);
		add_text(mechanism, number(type), equals + 1);
	}
}

static CK_ULONG read_hash(const char *name, CK_ULONG *mgf)
{
	if (strcmp(name, "sha1") == 0) {
		*mgf = CKG_MGF1_SHA1;
		return CKM_SHA_1;
	}
	if (strcmp(name, "sha256") == 0) {
		*mgf = CKG_MGF1_SHA256;
		return CKM_SHA256;
	}
	die("no hash: %s", name);
}

/* params=none leaves the parameter out, bytes=VALUE gives plain bytes, oaep=HASH the structure of RSA;
 * otherwise the mechanisms of one-time passwords have theirs. */
void read_mechanism(struct mechanism *mechanism, const struct line *line, const char *name)
{
	const char *params = option(line, "params");
	const char *bytes = option(line, "bytes");
	const char *hash = option(line, "oaep");

	memset(mechanism, 0, sizeof *mechanism);
	mechanism->otp.pParams = mechanism->param;
	mechanism->call.mechanism = mechanism_named(name);
	if (params != NULL && strcmp(params, "none") == 0)
		return;
	if (bytes != NULL) {
		size_t length;
		mechanism->bytes[mechanism->blocks++] = value(bytes, &length);
		mechanism->call.pParameter = mechanism->bytes[0];
		mechanism->call.ulParameterLen = length;
	} else if (hash != NULL) {
		mechanism->oaep.hashAlg = read_hash(hash, &mechanism->oaep.mgf);
		mechanism->oaep.source = CKZ_DATA_SPECIFIED;
		mechanism->call.pParameter = &mechanism->oaep;
		mechanism->call.ulParameterLen = sizeof mechanism->oaep;
	} else if (strncmp(name, "CKM_AES", 7) != 0 && strncmp(name, "CKM_RSA", 7) != 0) {
		read_otp(mechanism, line);
		if (mechanism->otp.ulCount == 0)
			mechanism->otp.pParams = NULL;
		mechanism->call.pParameter = &mechanism->otp;
		mechanism->call.ulParameterLen = sizeof mechanism->otp;
	}
}

void free_mechanism(struct mechanism *mechanism)
{
	for (size_t i = 0; i < mechanism->blocks; i++)
		free(mechanism->bytes[i]);
}
